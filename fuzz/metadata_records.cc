// Metadata records: what decodes is encoded to the same bytes again, and applying it breaks nothing but itself.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "broker/metadata/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  const Result<std::vector<metadata::Record>> records = metadata::decode(Slice::copy_of(Bytes(data, size)));
  if (!records) return 0;
  const Result<std::vector<metadata::Record>> again = metadata::decode(metadata::encode(*records));
  ENSURE(again.has_value());
  ENSURE(*again == *records);
  metadata::ClusterImage image;
  for (const metadata::Record& record : *records) (void)image.apply(record);
  ENSURE(metadata::ClusterImage::from_snapshot(image.snapshot()).has_value());
  return 0;
}

// Any text, rightly sealed, as the file of a log's producers: it is refused, or means the same when it is written again.
#include "broker/log/producer_checkpoint.h"
#include "base/check.h"
#include "broker/log/text_checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace faultline;
  (void)ProducerCheckpoint::decode(Bytes(data, size));
  const Result<ProducerCheckpoint> checkpoint = ProducerCheckpoint::decode(seal_checkpoint(as_text(Bytes(data, size))));
  if (!checkpoint) return 0;
  const Result<ProducerCheckpoint> again = ProducerCheckpoint::decode(checkpoint->encode());
  ENSURE(again.has_value());
  ENSURE(*again == *checkpoint);
  return 0;
}

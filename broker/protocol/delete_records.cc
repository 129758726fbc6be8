#include "broker/protocol/delete_records.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DeleteRecordsRequest);
FAULTLINE_MESSAGE(DeleteRecordsResponse);

}  // namespace faultline::protocol

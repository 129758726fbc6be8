#include "broker/protocol/add_raft_voter.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(AddRaftVoterRequest);
FAULTLINE_MESSAGE(AddRaftVoterResponse);

}  // namespace faultline::protocol

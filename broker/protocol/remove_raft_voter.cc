#include "broker/protocol/remove_raft_voter.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(RemoveRaftVoterRequest);
FAULTLINE_MESSAGE(RemoveRaftVoterResponse);

}  // namespace faultline::protocol

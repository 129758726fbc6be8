#include "broker/protocol/outcome.h"

#include "base/check.h"

namespace faultline {

void throw_exception_from_error(const Refusal& refusal, const boost::source_location& where) {
  throw_exception_from_error(Error(Errc::internal, std::string(protocol::to_string(refusal.code)) + " " + refusal.message),
                             where);
}

}  // namespace faultline

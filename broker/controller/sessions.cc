#include "broker/controller/sessions.h"

#include <algorithm>

namespace faultline::controller {

using metadata::BrokerId;

void Sessions::touch(BrokerId broker, Time now, std::int64_t applied) {
  Session& session = sessions_[broker];
  session.heard = std::max(session.heard, now);
  session.applied = std::max(session.applied, applied);
}

bool Sessions::alive(BrokerId broker, Time now) const {
  const auto found = sessions_.find(broker);
  return found != sessions_.end() && now < after(found->second.heard, timeout_);
}

std::optional<std::int64_t> Sessions::applied(BrokerId broker) const {
  const auto found = sessions_.find(broker);
  if (found == sessions_.end()) return std::nullopt;
  return found->second.applied;
}

std::vector<BrokerId> Sessions::expired(Time now) const {
  std::vector<BrokerId> brokers;
  for (const auto& [broker, session] : sessions_) {
    if (now >= after(session.heard, timeout_)) brokers.push_back(broker);
  }
  return brokers;
}

std::optional<Time> Sessions::next_expiry() const {
  std::optional<Time> first;
  for (const auto& [broker, session] : sessions_) {
    const Time expiry = after(session.heard, timeout_);
    if (!first.has_value() || expiry < *first) first = expiry;
  }
  return first;
}

}  // namespace faultline::controller

// Which brokers the active controller has heard of lately.
//
// Passing knowledge, never recorded: a new controller gives brokers a whole session from the moment it takes over, since it cannot know
// who was silent before; but for the one in the process of its predecessor, which it has followed itself.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.h"
#include "broker/metadata/records.h"

namespace faultline::controller {

class Sessions {
 public:
  explicit Sessions(Duration timeout) : timeout_(timeout) {}

  /// `broker` was heard at `now`, having applied `applied` metadata records.
  void touch(metadata::BrokerId broker, Time now, std::int64_t applied);
  void end(metadata::BrokerId broker) { sessions_.erase(broker); }
  void clear() { sessions_.clear(); }

  /// Whether it was heard of less than a session timeout ago.
  bool alive(metadata::BrokerId broker, Time now) const;
  /// How much metadata it had applied when it was last heard of; nothing if there is no session.
  std::optional<std::int64_t> applied(metadata::BrokerId broker) const;

  std::vector<metadata::BrokerId> expired(Time now) const;
  /// When the first session expires unless its broker is heard of.
  std::optional<Time> next_expiry() const;

 private:
  struct Session {
    Time heard;
    std::int64_t applied = 0;
  };

  Duration timeout_;
  std::map<metadata::BrokerId, Session> sessions_;
};

}  // namespace faultline::controller

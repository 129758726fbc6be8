// Where a power cut decides: every open question of what survives is asked through this interface.
//
// A run answers from a random stream; a test answers with every possible sequence and thereby learns every image that the
// simulator can produce.
#pragma once

#include <array>
#include <cstdint>

#include "base/random.h"

namespace faultline::sim {

class Choices {
 public:
  enum class Kind : std::uint8_t { name, length, page, tear, torn_versions, sector };
  static constexpr std::size_t kinds = 6;

  virtual ~Choices() = default;
  /// An answer in [0, count). By convention 0 is the durable state and count - 1 the newest. Requires: count > 1.
  virtual std::uint64_t choose(Kind kind, std::uint64_t count) = 0;
};

/// Random answers. A real power cut often loses all that was not synced, or nothing; independent coins per page would almost
/// never do either. So each kind of question first draws a mood for the whole crash: durable, newest, or mixed.
class RandomChoices final : public Choices {
 public:
  explicit RandomChoices(RandomStream& random);
  std::uint64_t choose(Kind kind, std::uint64_t count) override;

 private:
  enum class Mood : std::uint8_t { durable, newest, mixed };

  RandomStream& random_;
  std::array<Mood, kinds> moods_{};
};

}  // namespace faultline::sim

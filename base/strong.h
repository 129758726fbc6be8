// Strong<Tag, Rep>: an integer that cannot be mistaken for another. `struct LeaderEpochTag; using LeaderEpoch = Strong<LeaderEpochTag, int32_t>;`
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace faultline {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;

  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}

  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;

  constexpr Strong& operator++() {
    ++value_;
    return *this;
  }
  /// The id `distance` further on.
  friend constexpr Strong operator+(Strong id, Rep distance) { return Strong(static_cast<Rep>(id.value_ + distance)); }
  /// How far `a` lies past `b`.
  friend constexpr Rep operator-(Strong a, Strong b) { return static_cast<Rep>(a.value_ - b.value_); }

 private:
  Rep value_{};
};

}  // namespace faultline

template <class Tag, class Rep>
struct std::hash<faultline::Strong<Tag, Rep>> {
  std::size_t operator()(const faultline::Strong<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value()); }
};

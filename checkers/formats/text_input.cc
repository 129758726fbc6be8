#include "checkers/formats/text_input.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::formats {

namespace {

// Large enough that forms which lie across the end of a chunk are rare, small enough to stay in the cache.
constexpr std::size_t chunk_bytes = 256u << 10;

}  // namespace

void TextInput::forget_consumed() {
  const std::string_view gone(buffer_.data(), passed_);
  const std::size_t last = gone.rfind('\n');
  lines_ += static_cast<std::uint64_t>(std::count(gone.begin(), gone.end(), '\n'));
  column_ = last == std::string_view::npos ? column_ + gone.size() : gone.size() - last - 1;
  std::copy(window_.begin(), window_.end(), buffer_.begin());
  passed_ = 0;
}

Result<> TextInput::grow() {
  ENSURE(!complete_);
  if (window_.size() >= max_form_bytes) {
    return error(0, fmt::format("nothing ends within {} MiB from here; an event may not be longer", max_form_bytes >> 20));
  }
  const std::size_t kept = window_.size();
  if (passed_ > 0) forget_consumed();
  if (buffer_.size() - kept < chunk_bytes) buffer_.resize(std::max(kept * 2, kept + chunk_bytes));
  const Result<std::size_t> count = source_(std::span(buffer_).subspan(kept));
  window_ = std::string_view(buffer_.data(), kept);
  if (!count) return count.error();
  ENSURE(*count <= buffer_.size() - kept);
  window_ = std::string_view(buffer_.data(), kept + *count);
  complete_ = *count == 0;
  return {};
}

void TextInput::consume(std::size_t count) {
  ENSURE(count <= window_.size());
  window_.remove_prefix(count);
  passed_ += count;
  consumed_ += count;
}

Place TextInput::place(std::size_t offset) const {
  const std::string_view before(window_.data() - passed_, passed_ + std::min(offset, window_.size()));
  const std::size_t last = before.rfind('\n');
  const auto ends = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const std::uint64_t column = last == std::string_view::npos ? column_ + before.size() : before.size() - last - 1;
  return {.line = lines_ + ends + 1, .column = column + 1};
}

Error TextInput::error(Place place, std::string_view message) const {
  return {Errc::malformed, fmt::format("{}:{}:{}: {}", name_, place.line, place.column, message)};
}

}  // namespace faultline::formats

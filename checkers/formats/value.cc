#include "checkers/formats/value.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::formats {

namespace {

constexpr std::size_t first_block_bytes = 64u << 10;
constexpr std::size_t largest_block_bytes = 4u << 20;

}  // namespace

std::uint32_t Value::packed(std::size_t size, Kind kind) {
  ENSURE(size < size_limit);
  return static_cast<std::uint32_t>(size) << 4 | static_cast<std::uint32_t>(kind);
}

Value Value::find(std::string_view key) const {
  const std::span<const Value> entries = kind() == Kind::map ? items() : std::span<const Value>();
  for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (entries[i].is_name() && entries[i].text() == key) return entries[i + 1];
  }
  return {};
}

bool Value::contains(std::string_view key) const {
  const std::span<const Value> entries = kind() == Kind::map ? items() : std::span<const Value>();
  for (std::size_t i = 0; i + 1 < entries.size(); i += 2) {
    if (entries[i].is_name() && entries[i].text() == key) return true;
  }
  return false;
}

bool Value::operator==(const Value& other) const {
  if (kind() != other.kind()) return false;
  if (kind() == Kind::nil) return true;
  if (kind() == Kind::boolean || kind() == Kind::integer) return integer_ == other.integer_;
  if (kind() < Kind::vector) return text() == other.text();
  return std::ranges::equal(items(), other.items());
}

void* Arena::allocate(std::size_t bytes) {
  bytes = (bytes + alignof(Value) - 1) / alignof(Value) * alignof(Value);
  if (blocks_.empty() || blocks_.back().size - used_ < bytes) {
    const std::size_t grown = blocks_.empty() ? first_block_bytes : std::min(blocks_.back().size * 2, largest_block_bytes);
    const std::size_t size = std::max(grown, bytes);
    blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(size), size});
    total_ += size;
    used_ = 0;
  }
  void* result = blocks_.back().bytes.get() + used_;
  used_ += bytes;
  return result;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* copy = static_cast<char*>(allocate(text.size()));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

std::span<const Value> Arena::copy(std::span<const Value> items) {
  if (items.empty()) return {};
  Value* copy = static_cast<Value*>(allocate(items.size_bytes()));
  std::uninitialized_copy(items.begin(), items.end(), copy);
  return {copy, items.size()};
}

// Recursion is as deep as the value, which the parsers bound.
Value Arena::deep_copy(const Value& value) {
  if (!value.text().empty()) return Value::text(copy(value.text()), value.kind()).at(value.place());
  if (value.items().empty()) return value;
  std::vector<Value> items;
  items.reserve(value.items().size());
  for (const Value& item : value.items()) items.push_back(deep_copy(item));
  return Value::items(copy(items), value.kind()).at(value.place());
}

// One block is kept, so that small events cost no allocation; a large one's blocks go.
void Arena::clear() {
  if (blocks_.size() > 1 || (!blocks_.empty() && blocks_.front().size > largest_block_bytes)) {
    blocks_.clear();
    total_ = 0;
  }
  used_ = 0;
}

}  // namespace faultline::formats

// "Did you mean": the known word nearest to a mistyped one, for messages about unknown configuration keys and subcommands.
#pragma once

#include <span>
#include <string_view>

namespace faultline {

/// The candidate with the smallest edit distance (Levenshtein) to `word`, or "" if none is near: more than a third of the
/// word's letters, and at least two, would have to change.
std::string_view closest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace faultline

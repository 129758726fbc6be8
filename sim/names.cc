#include "sim/names.h"

#include <algorithm>

namespace faultline::sim {

bool Names::Change::touches_names_of(const Change& other) const {
  for (const Edit& mine : edits) {
    for (const Edit& theirs : other.edits) {
      if (mine.directory == theirs.directory && mine.name == theirs.name) return true;
    }
  }
  return false;
}

Result<std::shared_ptr<Inode>> Names::find(std::string_view path) const {
  std::shared_ptr<Inode> at = root_;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    if (!at->is_directory) return Error(Errc::not_a_directory, at->path);
    const auto entry = at->entries.find(name);
    if (entry == at->entries.end()) return Error(Errc::not_found, std::string(path));
    at = entry->second;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return at;
}

Result<Names::Place> Names::place_of(std::string_view path) const {
  std::shared_ptr<Inode> directory = TRY(find(parent_path(path)));
  if (!directory->is_directory) return Error(Errc::not_a_directory, std::string(parent_path(path)));
  const std::size_t slash = path.rfind('/');
  return Place{std::move(directory), std::string(slash == std::string_view::npos ? path : path.substr(slash + 1))};
}

Result<std::shared_ptr<Inode>> Names::create(std::string_view path, bool directory) {
  const Place place = TRY(place_of(path));
  if (place.directory->entries.contains(place.name)) return Error(Errc::already_exists, std::string(path));
  auto inode = std::make_shared<Inode>(next_inode_++, directory, std::string(path), used_);
  change({Edit{place.directory, place.name, inode}});
  return inode;
}

Result<> Names::rename(std::string_view from, std::string_view to) {
  if (to.starts_with(std::string(from) + "/"))
    return Error(Errc::invalid_argument, std::string(to) + " lies in " + std::string(from));
  const Place source = TRY(place_of(from));
  const Place target = TRY(place_of(to));
  const auto entry = source.directory->entries.find(source.name);
  if (entry == source.directory->entries.end()) return Error(Errc::not_found, std::string(from));
  const std::shared_ptr<Inode> inode = entry->second;
  const auto old = target.directory->entries.find(target.name);
  if (old != target.directory->entries.end()) {
    if (old->second == inode) return {};
    if (old->second->is_directory && !inode->is_directory) return Error(Errc::already_exists, std::string(to));
    if (!old->second->is_directory && inode->is_directory) return Error(Errc::not_a_directory, std::string(to));
    if (!old->second->entries.empty()) return Error(Errc::directory_not_empty, std::string(to));
  }
  change({Edit{source.directory, source.name, nullptr}, Edit{target.directory, target.name, inode}});
  inode->path = std::string(to);
  return {};
}

Result<> Names::remove(std::string_view path, bool directory) {
  const Place place = TRY(place_of(path));
  const auto entry = place.directory->entries.find(place.name);
  if (entry == place.directory->entries.end()) return Error(Errc::not_found, std::string(path));
  if (directory && !entry->second->is_directory) return Error(Errc::not_a_directory, std::string(path));
  if (!directory && entry->second->is_directory) return Error(Errc::invalid_argument, std::string(path) + " is a directory");
  if (!entry->second->entries.empty()) return Error(Errc::directory_not_empty, std::string(path));
  change({Edit{place.directory, place.name, nullptr}});
  return {};
}

void Names::change(std::vector<Edit> edits) {
  for (const Edit& edit : edits) {
    if (edit.becomes == nullptr) {
      edit.directory->entries.erase(edit.name);
    } else {
      edit.directory->entries[edit.name] = edit.becomes;
    }
  }
  pending_.push_back(Change{++version_, std::move(edits)});
}

void Names::make_durable(const Change& change) {
  for (const Edit& edit : change.edits) {
    if (edit.becomes == nullptr) {
      edit.directory->durable.erase(edit.name);
    } else {
      edit.directory->durable[edit.name] = edit.becomes;
    }
  }
}

bool Names::adds_to(const Inode& directory, std::uint64_t version) const {
  return std::any_of(pending_.begin(), pending_.end(), [&](const Change& change) {
    return change.version <= version && std::any_of(change.edits.begin(), change.edits.end(), [&](const Edit& edit) {
             return edit.directory.get() == &directory && edit.becomes != nullptr;
           });
  });
}

void Names::settle(const Inode& directory, std::uint64_t version) {
  std::vector<bool> wanted(pending_.size(), false);
  for (std::size_t i = pending_.size(); i-- > 0;) {
    const Change& later = pending_[i];
    const auto touches = [&](const Edit& edit) { return edit.directory.get() == &directory; };
    wanted[i] = wanted[i] || (later.version <= version && std::any_of(later.edits.begin(), later.edits.end(), touches));
    for (std::size_t j = 0; wanted[i] && j < i; ++j) wanted[j] = wanted[j] || later.touches_names_of(pending_[j]);
  }
  std::vector<std::shared_ptr<Inode>> gone;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (wanted[i]) {
      if (std::shared_ptr<Inode> removed = removed_by(pending_[i])) gone.push_back(std::move(removed));
      make_durable(pending_[i]);
    } else if (kept++ != i) {
      pending_[kept - 1] = std::move(pending_[i]);
    }
  }
  pending_.resize(kept);
  // What happened inside a directory that is gone for good is history: nothing can undo it, and its room is free.
  std::erase_if(pending_, [&](const Change& change) {
    return std::all_of(change.edits.begin(), change.edits.end(),
                       [&](const Edit& edit) { return std::find(gone.begin(), gone.end(), edit.directory) != gone.end(); });
  });
}

/// The inode that a change takes the name from without giving it another; nothing if it was not durable.
std::shared_ptr<Inode> Names::removed_by(const Change& change) {
  if (change.edits.size() != 1 || change.edits.front().becomes != nullptr) return nullptr;
  const Edit& edit = change.edits.front();
  const auto entry = edit.directory->durable.find(edit.name);
  return entry == edit.directory->durable.end() ? nullptr : entry->second;
}

std::size_t Names::decide(Choices& choices) {
  std::vector<const Change*> lost;
  for (const Change& change : pending_) {
    const bool impossible =
        std::any_of(lost.begin(), lost.end(), [&](const Change* earlier) { return change.touches_names_of(*earlier); });
    if (impossible || choices.choose(Choices::Kind::name, 2) == 0) {
      lost.push_back(&change);
    } else {
      make_durable(change);
    }
  }
  const std::size_t count = lost.size();
  pending_.clear();
  return count;
}

void Names::restore(const std::shared_ptr<Inode>& directory) {
  directory->entries = directory->durable;
  for (auto& [name, inode] : directory->entries) {
    inode->path = directory->path.empty() ? name : directory->path + "/" + name;
    if (inode->is_directory) restore(inode);
  }
}

void Names::collect(const std::shared_ptr<Inode>& directory, std::vector<std::shared_ptr<Inode>>& files) {
  for (const auto& [name, inode] : directory->entries) {
    if (inode->is_directory) {
      collect(inode, files);
    } else {
      files.push_back(inode);
    }
  }
}

std::vector<std::shared_ptr<Inode>> Names::files() const {
  std::vector<std::shared_ptr<Inode>> files;
  collect(root_, files);
  return files;
}

}  // namespace faultline::sim

// LongPolls: every request that waits for something that may never come, so that a broker that stops can answer it.
#pragma once

#include <vector>

#include "runtime/sync.h"

namespace faultline {

class LongPolls {
 public:
  /// `news` is set when the polls are ended, as long as this lives.
  class Membership {
   public:
    Membership(LongPolls& polls, Event& news) : polls_(polls), news_(news) { polls_.waiting_.push_back(&news_); }
    ~Membership() { std::erase(polls_.waiting_, &news_); }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    LongPolls& polls_;
    Event& news_;
  };

  bool ended() const { return ended_; }
  /// Nobody waits from now on.
  void end() {
    ended_ = true;
    for (Event* news : waiting_) news->set();
  }

 private:
  std::vector<Event*> waiting_;
  bool ended_ = false;
};

}  // namespace faultline

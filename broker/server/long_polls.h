// LongPolls: the requests of a connection that wait for something that may never come. They end when nobody is left to wait for:
// the client has gone, or the broker stops.
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

// The loop: Asio's io_context with the fibers of one node on top.
//
// Completions only mark fibers as ready. The first fiber to become ready posts one handler, which runs all that are ready by then;
// so a burst of completions costs one pass. There is one timer, armed at the earliest deadline of any fiber, and fibers re-arm
// lazily (runtime/timer_queue.h), so a deadline on every call costs no timer on any call.
#pragma once

#include <csignal>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "runtime/asio/asio_listener.h"
#include "runtime/asio/asio_prelude.h"
#include "runtime/asio/asio_stream.h"
#include "runtime/asio/reactor.h"
#include "runtime/asio/real_clock.h"
#include "runtime/sync.h"

namespace faultline::FAULTLINE_REACTOR {

class AsioReactor final : public Reactor, public Tasks {
 public:
  AsioReactor(std::string_view name, FiberStackPool& stacks)
      : Tasks(stacks), name_(name), timer_(context_), trim_timer_(context_) {}

  std::string_view name() const override { return name_; }
  Tasks& tasks() override { return *this; }

  void run() override {
    context_.restart();
    trim_later();
    while (fiber_count() > 0) context_.run();
  }

  void wake_from_any_thread() override {
    boost::asio::post(context_, [this] { on_wake_(); });
  }
  void set_on_wake(std::function<void()> on_wake) override { on_wake_ = std::move(on_wake); }

  Result<std::unique_ptr<Listener>> listen(const SocketAddress& address) override {
    const Tcp::endpoint endpoint = to_asio(address);
    Acceptor acceptor(context_);
    const auto failed = [&](std::string_view call, const boost::system::error_code& error) {
      return endpoint_error(error.value(), call, to_string(from_asio(endpoint)));
    };
    boost::system::error_code error;
    if (acceptor.open(endpoint.protocol(), error)) return failed("socket", error);
    if (acceptor.set_option(Tcp::acceptor::reuse_address(true), error)) return failed("setsockopt", error);
    if (acceptor.bind(endpoint, error)) return failed("bind", error);
    if (acceptor.listen(Tcp::acceptor::max_listen_connections, error)) return failed("listen", error);
    return std::make_unique<AsioListener>(std::move(acceptor));
  }

  Result<std::unique_ptr<Stream>> connect(const SocketAddress& address, Time deadline) override {
    TRY(may_suspend());
    const Tcp::endpoint endpoint = to_asio(address);
    Socket socket(context_);
    boost::system::error_code error;
    if (socket.open(endpoint.protocol(), error)) return endpoint_error(error.value(), "socket", to_string(from_asio(endpoint)));
    Operation operation;
    socket.async_connect(endpoint, operation.callback());
    const Wake why = operation.wait(deadline, [&] { socket.cancel(error); });
    if (operation.aborted()) return to_result(why).error();
    if (operation.error()) return endpoint_error(operation.error().value(), "connect to", to_string(from_asio(endpoint)));
    std::unique_ptr<Stream> stream = TRY(make_stream(std::move(socket)));
    // A port nobody listens on may be picked as our own, and TCP then connects the socket to itself.
    if (stream->local() == stream->peer()) return Error(Errc::connection_refused, to_string(stream->peer()));
    return stream;
  }

  Result<int> wait_signal(Time deadline) override {
    if (!signals_) {
      signals_.emplace(context_, SIGINT, SIGTERM);
      receive_signal();
    }
    TRY(signal_arrived_.wait_until([this] { return !signal_numbers_.empty(); }, deadline));
    const int number = signal_numbers_.front();
    signal_numbers_.pop_front();
    return number;
  }

 private:
  // A fiber that has not run for one to two of these gives back the stack pages it does not use.
  static constexpr Duration trim_interval = 1s;
  static constexpr std::size_t trims_at_once = 1000;  // a millisecond's worth

  void on_ready() override {
    boost::asio::post(context_, [this] {
      run_ready();
      if (fiber_count() == 0) context_.stop();
    });
  }

  void on_earlier_timer(Time at) override {
    if (at < armed_at_) arm(at);
  }

  void arm(Time at) {
    armed_at_ = at;
    if (at == no_deadline) return;
    timer_.expires_at(std::chrono::steady_clock::time_point(at.time_since_epoch()));
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;  // armed for an earlier time since
      fire_timers(machine_now());
      arm(next_timer());
    });
  }

  void trim_later() {
    trim_timer_.expires_after(trim_interval);
    trim_timer_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      trim_idle_stacks(trims_at_once);
      trim_later();
    });
  }

  void receive_signal() {
    signals_->async_wait([this](const boost::system::error_code& error, int number) {
      if (error) return;
      signal_numbers_.push_back(number);
      signal_arrived_.notify_one();
      receive_signal();
    });
  }

  // Constant after construction.
  const std::string_view name_;
  std::function<void()> on_wake_ = [] {};
  // Volatile.
  boost::asio::io_context context_{1};  // one thread runs it; others only post
  boost::asio::steady_timer timer_;
  Time armed_at_ = no_deadline;
  boost::asio::steady_timer trim_timer_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_{context_.get_executor()};
  std::optional<boost::asio::signal_set> signals_;
  std::deque<int> signal_numbers_;
  Condition signal_arrived_;
};

}  // namespace faultline::FAULTLINE_REACTOR

// Asio, twice in one executable.
//
// Asio decides when it is compiled whether sockets go through epoll or io_uring, and two such builds share all their names: the
// linker would merge them and one would run on the data structures of the other. So reactor_uring.cc is compiled with
// `-Dasio=asio_uring`, which renames the whole of boost::asio there, and our own classes live in the namespace FAULTLINE_REACTOR.
// Two functions with C linkage are renamed one by one; sharing the first, io_uring's signals went to epoll's pipe.
// Only headers called asio_*.h include this one, and only reactor_epoll.cc and reactor_uring.cc include those.
#pragma once

#if defined(BOOST_ASIO_HAS_IO_URING)
#define FAULTLINE_REACTOR uring_reactor
#define boost_asio_signal_handler boost_asio_uring_signal_handler
#define boost_asio_detail_posix_thread_function boost_asio_uring_detail_posix_thread_function
#include <liburing.h>

// Asio 1.81 leaves user_data of its cancel and timeout-removal entries alone and counts on liburing to clear it, which liburing 2.2
// stopped doing. Once the ring has wrapped, such an entry carries the user_data of a socket that used the slot before, and its
// completion is taken for that socket's: a connection nobody touched reads a false end of stream. Hence a clean slot every time.
inline io_uring_sqe* faultline_clean_sqe(io_uring* ring) {
  io_uring_sqe* entry = io_uring_get_sqe(ring);
  if (entry != nullptr) entry->user_data = 0;
  return entry;
}
#define io_uring_get_sqe faultline_clean_sqe
#else
#define FAULTLINE_REACTOR epoll_reactor
#endif

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#if defined(BOOST_ASIO_HAS_IO_URING)
#undef io_uring_get_sqe
#endif

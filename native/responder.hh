// The other end of the load loop's own floor: answers one byte to everybody and closes, as cheaply as can be.
#pragma once

#include <sys/socket.h>

#include <atomic>

#include "fd.hh"

class Responder {
 public:
  /// Listens on the loopback address, or an abstract name, of this family; 0 or -errno.
  [[nodiscard]] int open(int family, int socketType);
  [[nodiscard]] const sockaddr_storage& address() const { return address_; }
  [[nodiscard]] socklen_t addressLength() const { return addressLength_; }

  /// Answers in the caller's thread until it is stopped.
  void run();
  /// From any thread.
  void stop();
  /// When nobody runs it any more.
  void close() { socket_.reset(); }

 private:
  void answerClients();
  void answerDatagrams();

  Fd socket_;
  int socketType_ = SOCK_STREAM;
  sockaddr_storage address_ = {};
  socklen_t addressLength_ = 0;
  std::atomic<bool> isStopped_ = false;
};

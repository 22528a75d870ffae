// What costs a server the least: accept, one byte that travels together with the end of file, close.
#include "responder.hh"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>

namespace {

constexpr int kBacklog = 4096;
constexpr char kAnswer = '.';

}  // namespace

int Responder::open(int family, int socketType) {
  socketType_ = socketType;
  socket_.reset(socket(family, socketType | SOCK_CLOEXEC, 0));
  if (!socket_.isOpen()) return -errno;
  address_.ss_family = static_cast<sa_family_t>(family);
  addressLength_ = sizeof(sa_family_t);  // for a unix socket: the kernel finds an abstract name
  if (family == AF_INET) {
    reinterpret_cast<sockaddr_in&>(address_).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addressLength_ = sizeof(sockaddr_in);
  } else if (family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address_).sin6_addr = in6addr_loopback;
    addressLength_ = sizeof(sockaddr_in6);
  }
  auto* address = reinterpret_cast<sockaddr*>(&address_);
  if (bind(socket_.get(), address, addressLength_) != 0) return -errno;
  addressLength_ = sizeof address_;
  if (getsockname(socket_.get(), address, &addressLength_) != 0) return -errno;
  if (socketType == SOCK_STREAM && listen(socket_.get(), kBacklog) != 0) return -errno;
  return 0;
}

void Responder::run() {
  if (socketType_ == SOCK_STREAM) answerClients();
  else answerDatagrams();
}

/// shutdown() ends a blocked accept(); a datagram socket is woken by a datagram.
void Responder::stop() {
  if (!socket_.isOpen()) return;
  isStopped_.store(true);
  shutdown(socket_.get(), SHUT_RDWR);
  if (socketType_ != SOCK_DGRAM) return;
  const int sender = socket(address_.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (sender < 0) return;
  sendto(sender, &kAnswer, 1, 0, reinterpret_cast<const sockaddr*>(&address_), addressLength_);
  ::close(sender);
}

void Responder::answerClients() {
  while (!isStopped_.load(std::memory_order_relaxed)) {
    const int client = accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {
      if (errno == EINVAL) return;
      continue;
    }
    // held back until the close, so that both go in one segment
    send(client, &kAnswer, 1, MSG_NOSIGNAL | MSG_MORE);
    ::close(client);
  }
}

void Responder::answerDatagrams() {
  char bytes[2048];
  while (!isStopped_.load(std::memory_order_relaxed)) {
    sockaddr_storage peer = {};
    socklen_t length = sizeof peer;
    if (recvfrom(socket_.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&peer), &length) < 0) continue;
    sendto(socket_.get(), &kAnswer, 1, MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&peer), length);
  }
}

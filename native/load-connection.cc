// The load loop's way of one connection, from its connect to its end.
#include <netinet/in.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "load.hh"

namespace {

/// A server that refuses must not be asked a million times a second, and one whose queue is full not at once.
constexpr double kRest = 5e6;

LoadError kindOf(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:
      return LoadError::Refused;
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return LoadError::Reset;
    case ETIMEDOUT:
      return LoadError::Timeout;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EACCES:
    case EPERM:
      return LoadError::Unreachable;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return LoadError::NoPort;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return LoadError::NoDescriptor;
    default:
      return LoadError::Other;
  }
}

uint16_t portOf(int fd) {
  sockaddr_storage address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace

void LoadLoop::begin(Client& client, Moment intended) {
  client.isOpen = true;
  client.isConnected = client.isWrong = false;
  client.sent = client.received = 0;
  client.sample = {};
  open_++;
  const LoadError error = client.fd < 0 ? openSocket(client) : LoadError::None;
  now_ = momentNow();
  client.sample.started = now_;
  client.sample.intended = plan_.isOpenLoop ? intended : now_;
  if (client.sample.intended >= summary_.measuredFrom) measured_++;
  if (error != LoadError::None) return end(client, error);
  if (plan_.sources > 0) {
    sockaddr_in source = {};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(plan_.firstSource + nextSource_++ % plan_.sources);
    if (bind(client.fd, reinterpret_cast<sockaddr*>(&source), sizeof source) != 0) return end(client, kindOf(errno));
  }
  connectAgain(client);
}

LoadError LoadLoop::openSocket(Client& client) {
  const int one = 1;
  client.fd = socket(plan_.address.ss_family, plan_.socketType | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (client.fd < 0) return kindOf(errno);
  client.interest = 0;
  if (plan_.resets) {
    const linger reset = {1, 0};
    setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  // without it every address would need a port of its own already here
  if (plan_.sources > 0) setsockopt(client.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  return LoadError::None;
}

/// Asked twice, because on this machine the handshake is over when the first call returns, and no event need tell us.
void LoadLoop::connectAgain(Client& client) {
  const auto* address = reinterpret_cast<const sockaddr*>(&plan_.address);
  for (int attempt = 0; attempt < 2; attempt++) {
    if (connect(client.fd, address, plan_.addressLength) == 0 || errno == EISCONN) return proceed(client);
    if (errno == EAGAIN && plan_.address.ss_family == AF_UNIX) return rest(client);
    if (errno != EINPROGRESS && errno != EALREADY && errno != EINTR) return end(client, kindOf(errno));
  }
  watch(client);
}

void LoadLoop::proceed(Client& client) {
  client.isConnected = true;
  client.sample.connected = now_ = momentNow();
  if (plan_.tellsPorts) client.sample.port = portOf(client.fd);
  if (!send(client)) return;
  watch(client);
}

/// False when the connection has ended by it.
bool LoadLoop::send(Client& client) {
  const bool isEmptyDatagram = plan_.socketType == SOCK_DGRAM && plan_.sends.empty();
  while (client.sent < plan_.sends.size() || isEmptyDatagram) {
    const ssize_t sent =
        ::send(client.fd, plan_.sends.data() + client.sent, plan_.sends.size() - client.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return true;
    if (sent < 0) {
      // a server that has answered and gone before it was asked may have left its answer
      if (errno == EPIPE || errno == ECONNRESET) break;
      end(client, kindOf(errno));
      return false;
    }
    client.sent += static_cast<size_t>(sent);
    if (isEmptyDatagram) break;
  }
  if (plan_.shutsDown && client.sent == plan_.sends.size()) shutdown(client.fd, SHUT_WR);
  return true;
}

/// Edges only: what came before the first call is told by it.
void LoadLoop::watch(Client& client) {
  const bool wantsWrite = !client.isConnected || client.sent < plan_.sends.size();
  const uint32_t interest = EPOLLIN | EPOLLRDHUP | EPOLLET | (wantsWrite ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  if (client.interest == interest) return;
  epoll_event event = {};
  event.events = interest;
  event.data.ptr = &client;
  const int how = client.interest == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_.get(), how, client.fd, &event) != 0) return end(client, kindOf(errno));
  client.interest = interest;
}

void LoadLoop::receive(Client& client, uint32_t events) {
  if (!client.isConnected) return connectAgain(client);
  if (client.sent < plan_.sends.size() && !send(client)) return;
  for (;;) {
    const ssize_t length = recv(client.fd, buffer_.data(), buffer_.size(), 0);
    const int error = errno;
    now_ = momentNow();
    if (length < 0 && error == EINTR) continue;
    if (length < 0 && error == EAGAIN) return;
    if (length < 0) return end(client, kindOf(error));
    const bool isDatagram = plan_.socketType == SOCK_DGRAM;
    if (length > 0 || isDatagram) take(client, buffer_.data(), static_cast<size_t>(length));
    const bool isAnswered = plan_.endsAtAnswer && client.received >= std::max<size_t>(plan_.expects.size(), 1);
    if (length == 0 || isDatagram || isAnswered) return endWithAnswer(client);
    // more bytes would come with an edge of their own; the end may have come already
    if (static_cast<size_t>(length) < buffer_.size() && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) return;
  }
}

void LoadLoop::take(Client& client, const char* bytes, size_t length) {
  if (client.sample.firstByte == 0) client.sample.firstByte = now_;
  client.sample.lastByte = now_;
  if (client.received < plan_.expects.size()) {
    const size_t compared = std::min(length, plan_.expects.size() - client.received);
    if (memcmp(bytes, plan_.expects.data() + client.received, compared) != 0) client.isWrong = true;
  }
  client.received += length;
}

void LoadLoop::endWithAnswer(Client& client) {
  const bool isShort =
      client.received < plan_.expects.size() || (client.received == 0 && plan_.socketType == SOCK_STREAM);
  end(client, client.isWrong ? LoadError::WrongAnswer : isShort ? LoadError::Short : LoadError::None);
}

void LoadLoop::end(Client& client, LoadError error) {
  if (error != LoadError::None) now_ = momentNow();
  client.sample.ended = now_;
  client.sample.error = static_cast<double>(error);
  if (client.sample.intended >= summary_.measuredFrom) lastEnd_ = now_;
  ended_++;
  record(client.sample);
  // a server that is not there would else be asked as fast as we can
  const bool isFutile = error != LoadError::None && (!client.isConnected || error == LoadError::Refused);
  if (error != LoadError::None && client.fd >= 0) {
    close(client.fd);
    client.fd = -1;
  }
  release(client);
  if (!plan_.isOpenLoop && isFutile) return rest(client);
  free_.push_back(&client);
}

/// Ends the connection so that the client can have its next; the same socket serves again where it is torn down by a
/// reset, which spares a third of the client's cost.
void LoadLoop::release(Client& client) {
  client.isOpen = false;
  open_--;
  if (client.fd < 0) return;
  sockaddr nobody = {};
  nobody.sa_family = AF_UNSPEC;
  if (plan_.resets && plan_.socketType == SOCK_STREAM && plan_.address.ss_family != AF_UNIX &&
      connect(client.fd, &nobody, sizeof nobody) == 0) {
    return;
  }
  close(client.fd);
  client.fd = -1;
}

void LoadLoop::rest(Client& client) {
  if (resting_.empty()) restUntil_ = now_ + kRest;
  resting_.push_back(&client);
}

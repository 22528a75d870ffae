// The load loop's way of a connection.
#include "load.hh"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kBuffer = 65536;
constexpr double kMillisecond = 1e6;
/// How often it is looked for connections that take too long.
constexpr int kLook = 50;
/// A server that refuses must not be asked a million times a second, and one whose queue is full not at once.
constexpr double kRest = 5 * kMillisecond;
/// A connection of the open loop that begins no later than this began in time.
constexpr double kLate = kMillisecond;

double clockNow(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

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

Moment rawNow() { return clockNow(CLOCK_MONOTONIC_RAW); }

LoadLoop::LoadLoop(LoadPlan plan, RingHeader* ring, size_t capacity)
    : plan_(std::move(plan)), ring_(ring), samples_(reinterpret_cast<Sample*>(ring + 1)), capacity_(capacity) {}

int LoadLoop::open() {
  epoll_.reset(epoll_create1(EPOLL_CLOEXEC));
  timer_.reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  wake_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (const Fd* fd : {&epoll_, &timer_, &wake_}) {
    if (!fd->isOpen()) return -errno;
  }
  epoll_event event = {};
  event.events = EPOLLIN;
  for (const Fd* fd : {&timer_, &wake_}) {
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd->get(), &event) != 0) return -errno;
  }
  buffer_.resize(kBuffer);
  clients_.resize(plan_.clients);
  free_.reserve(plan_.clients);
  resting_.reserve(plan_.clients);
  for (Client& client : clients_) free_.push_back(&client);
  return 0;
}

void LoadLoop::stop() {
  isStopped_.store(true);
  const uint64_t one = 1;
  if (write(wake_.get(), &one, sizeof one) < 0) return;  // it is awake then
}

LoadSummary LoadLoop::run() {
  prctl(PR_SET_NAME, "bench-clients");
  prctl(PR_SET_TIMERSLACK, 1UL);
  summary_.begunAt = now_ = rawNow();
  ring_->begunAt.store(now_);
  summary_.measuredFrom = now_ + plan_.warmUp;
  summary_.measuredUntil = summary_.measuredFrom + plan_.duration;
  epoll_event ready[kBatch];
  Moment lastLook = now_;
  for (;;) {
    beginDue();
    markWindow();
    const bool isDone = plan_.isOpenLoop ? nextArrival_ == plan_.arrivals.size() || !mayBegin(now_) : !mayBegin(now_);
    if (isStopped_.load(std::memory_order_relaxed) || (isDone && open_ == 0)) break;
    armTimer();
    const int got = epoll_wait(epoll_.get(), ready, kBatch, kLook);
    now_ = rawNow();
    for (int i = 0; i < got; i++) {
      auto* client = static_cast<Client*>(ready[i].data.ptr);
      if (client == nullptr) {
        uint64_t expirations = 0;
        if (read(timer_.get(), &expirations, sizeof expirations) > 0) armedFor_ = 0;
      } else if (client->isOpen) {
        receive(*client, ready[i].events);
      }
      beginDue();
    }
    if (now_ - lastLook >= kLook * kMillisecond) {
      lastLook = now_;
      endOverdue();
    }
  }
  // only a stop leaves something open, and the measured part ends with it
  summary_.unfinished = static_cast<double>(open_);
  const bool isCounted = measured_ >= plan_.count;
  if (isStopped_.load()) summary_.measuredUntil = std::min(summary_.measuredUntil, rawNow());
  else if (isCounted) summary_.measuredUntil = std::max(lastEnd_, summary_.measuredFrom);
  now_ = std::max(rawNow(), summary_.measuredUntil);
  markWindow();
  for (Client& client : clients_) {
    if (client.fd >= 0) close(client.fd);
  }
  return summary_;
}

bool LoadLoop::mayBegin(Moment now) const { return now < summary_.measuredUntil && measured_ < plan_.count; }

/// Begins what is due: in an open loop by the arrivals, in a closed one with every client that is free.
void LoadLoop::beginDue() {
  if (!resting_.empty() && now_ >= restUntil_) {
    // those of the closed loop are free, those of a unix socket's full queue are in the middle of their connect
    std::vector<Client*> resting;
    resting.swap(resting_);
    for (Client* client : resting) {
      if (client->isOpen) connectAgain(*client);
      else free_.push_back(client);
    }
  }
  while (!free_.empty() && mayBegin(now_) && !isStopped_.load(std::memory_order_relaxed)) {
    Moment intended = 0;
    if (plan_.isOpenLoop) {
      if (nextArrival_ == plan_.arrivals.size()) return;
      intended = summary_.begunAt + plan_.arrivals[nextArrival_];
      if (intended > now_) return;
      nextArrival_++;
      const bool hadNoClient = intended <= fullUntil_ && now_ - intended > kLate;
      if (hadNoClient && intended >= summary_.measuredFrom) summary_.late++;
    }
    Client* client = free_.back();
    free_.pop_back();
    begin(*client, intended);
  }
  if (free_.empty()) fullUntil_ = now_;
}

void LoadLoop::begin(Client& client, Moment intended) {
  client.isOpen = true;
  client.isConnected = client.isWrong = false;
  client.sent = client.received = 0;
  client.sample = {};
  open_++;
  const LoadError error = client.fd < 0 ? openSocket(client) : LoadError::None;
  now_ = rawNow();
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
  client.sample.connected = now_ = rawNow();
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
    now_ = rawNow();
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
  if (error != LoadError::None) now_ = rawNow();
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

void LoadLoop::record(const Sample& sample) {
  const uint32_t written = ring_->written.load(std::memory_order_relaxed);
  if (written - ring_->read.load(std::memory_order_acquire) >= capacity_) {
    summary_.unrecorded++;
    return;
  }
  samples_[written % capacity_] = sample;
  ring_->written.store(written + 1, std::memory_order_release);
}

void LoadLoop::endOverdue() {
  for (Client& client : clients_) {
    if (!client.isOpen || now_ - client.sample.started < plan_.timeout) continue;
    std::erase(resting_, &client);
    end(client, LoadError::Timeout);
  }
}

/// Takes the thread's own time at the two ends of the measured part.
void LoadLoop::markWindow() {
  if (isTimed_ || now_ < summary_.measuredFrom) return;
  const double time = clockNow(CLOCK_THREAD_CPUTIME_ID);
  if (timeBefore_ < 0) {
    timeBefore_ = time;
    endedBefore_ = ended_;
  }
  if (now_ < summary_.measuredUntil) return;
  isTimed_ = true;
  summary_.clientTime = time - timeBefore_;
  summary_.clientConnections = ended_ - endedBefore_;
}

/// For the next arrival, or the end of a rest; a timer, because epoll counts in milliseconds.
void LoadLoop::armTimer() {
  Moment next = resting_.empty() ? 0 : restUntil_;
  if (plan_.isOpenLoop && nextArrival_ < plan_.arrivals.size() && !free_.empty()) {
    const Moment arrival = summary_.begunAt + plan_.arrivals[nextArrival_];
    next = next == 0 ? arrival : std::min(next, arrival);
  }
  if (next == 0 || next == armedFor_) return;
  armedFor_ = next;
  const auto wait = static_cast<int64_t>(std::max(1.0, next - rawNow()));
  itimerspec timer = {};
  timer.it_value.tv_sec = wait / 1000000000;
  timer.it_value.tv_nsec = wait % 1000000000;
  timerfd_settime(timer_.get(), 0, &timer, nullptr);
}

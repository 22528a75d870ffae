// The load loop: when connections begin, how long it waits, when it is over.
#include "load.hh"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace {

constexpr size_t kBatch = 64;
constexpr size_t kBuffer = 65536;
/// How often it is looked for connections that take too long, in milliseconds.
constexpr int kLook = 50;
/// A connection of the open loop that begins no later than this began in time.
constexpr double kLate = 1e6;

}  // namespace

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
  summary_.begunAt = now_ = momentNow();
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
    now_ = momentNow();
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
    if (now_ - lastLook >= kLook * 1e6) {
      lastLook = now_;
      endOverdue();
    }
  }
  // only a stop leaves something open, and the measured part ends with it
  summary_.unfinished = static_cast<double>(open_);
  const bool isCounted = measured_ >= plan_.count;
  if (isStopped_.load()) summary_.measuredUntil = std::min(summary_.measuredUntil, momentNow());
  else if (isCounted) summary_.measuredUntil = std::max(lastEnd_, summary_.measuredFrom);
  now_ = std::max(momentNow(), summary_.measuredUntil);
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
  const double time = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
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
  const auto wait = static_cast<int64_t>(std::max(1.0, next - momentNow()));
  itimerspec timer = {};
  timer.it_value.tv_sec = wait / 1000000000;
  timer.it_value.tv_nsec = wait % 1000000000;
  timerfd_settime(timer_.get(), 0, &timer, nullptr);
}

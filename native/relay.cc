// Runs all flows on the event loop's thread.
#include "relay.hh"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace {

constexpr int kEvents = 256;
/// What one direction may move in one turn.
constexpr size_t kShare = 262'144;
/// Turns and bytes before libuv has its own turn: about a millisecond.
constexpr size_t kTurns = 128;
constexpr uint64_t kRound = 4'194'304;

constexpr uint32_t kWanted = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
/// No flow has it: libuv has something to do.
constexpr uint64_t kLoop = UINT64_MAX;
/// So many vain reports in a row, and a side is no longer asked whether it can be written.
constexpr uint8_t kVain = 8;

void setNumber(int descriptor, int level, int option, int value) {
  // a unix socket has no such option, and needs none
  static_cast<void>(setsockopt(descriptor, level, option, &value, sizeof value));
}

/// Nothing waits for a full segment, and an urgent byte passes in its place like all others.
void prepareSide(int descriptor) {
  setNumber(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  setNumber(descriptor, SOL_SOCKET, SO_OOBINLINE, 1);
}

int errorOf(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno : error;
}

/// The close that follows tells the other end that something is missing.
void resetAtClose(int descriptor) {
  const linger abrupt = {1, 0};
  static_cast<void>(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt));
}

}  // namespace

struct Relay::Flow {
  explicit Flow(uint32_t number) : id(number), there(sides[0], sides[1]), back(sides[1], sides[0]) {}
  const uint32_t id;
  bool isQueued = false;
  uint64_t movedAt = 0;
  Side sides[2];
  Direction there;
  Direction back;
};

Relay::Relay() = default;
Relay::~Relay() = default;

int Relay::open(uv_loop_t* loop, DescriptorWays ways, size_t pipes, OnEnded onEnded) {
  loop_ = loop;
  ways_ = std::move(ways);
  onEnded_ = std::move(onEnded);
  workshop_.pipes.open(ways_.raiseUncounted, pipes);
  const int descriptor = epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) return -errno;
  epoll_.reset(ways_.raiseUncounted(descriptor));
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kLoop;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, uv_backend_fd(loop), &event) < 0) return -errno;
  attending_ = new uv_prepare_t;
  attending_->data = this;
  uv_prepare_init(loop, attending_);
  sleepless_ = new uv_idle_t;
  uv_idle_init(loop, sleepless_);
  // what keeps the process alive are its listeners
  uv_unref(reinterpret_cast<uv_handle_t*>(attending_));
  uv_unref(reinterpret_cast<uv_handle_t*>(sleepless_));
  return 0;
}

void Relay::close(std::function<void()> whenClosed) {
  for (const auto& flow : flows_) {
    if (flow) static_cast<void>(end(*flow, ECANCELED));
  }
  uv_close(reinterpret_cast<uv_handle_t*>(sleepless_),
           [](uv_handle_t* closed) { delete reinterpret_cast<uv_idle_t*>(closed); });
  attending_->data = new std::function<void()>(std::move(whenClosed));
  uv_close(reinterpret_cast<uv_handle_t*>(attending_), [](uv_handle_t* closed) {
    const std::unique_ptr<std::function<void()>> call(static_cast<std::function<void()>*>(closed->data));
    delete reinterpret_cast<uv_prepare_t*>(closed);
    (*call)();
  });
}

bool Relay::save(uint32_t id, SavedFlow& out) {
  Flow* const flow = find(id);
  if (!flow) return false;
  out.first = flow->sides[0].descriptor;
  out.second = flow->sides[1].descriptor;
  return flow->there.save(workshop_, out.there) && flow->back.save(workshop_, out.back);
}

int Relay::join(const SavedFlow& saved) {
  uint32_t id = static_cast<uint32_t>(flows_.size());
  if (freeIds_.empty()) {
    flows_.emplace_back();
  } else {
    id = freeIds_.back();
    freeIds_.pop_back();
  }
  flows_[id] = std::make_unique<Flow>(id);
  if (count_++ == 0) begin();
  Flow& flow = *flows_[id];
  flow.movedAt = uv_now(loop_);
  flow.sides[0].descriptor = ways_.raise(saved.first);
  flow.sides[1].descriptor = ways_.raise(saved.second);
  for (const Side& side : flow.sides) prepareSide(side.descriptor);
  // what the client has said already goes on at once: that spares it a turn of the loop. What comes after the look is
  // told when the socket joins the epoll
  flow.sides[0].mayRead = true;
  int error = flow.there.restore(saved.there);
  if (error == 0) error = flow.back.restore(saved.back);
  const Direction::State state =
      error == 0 ? flow.there.move(workshop_, kShare, flow.back.isFinished()) : Direction::State::Waiting;
  for (size_t index = 0; index < 2 && error == 0; index++) error = watch(EPOLL_CTL_ADD, flow, index);
  if (error < 0) {
    static_cast<void>(end(flow, -error));
    freeIds_.push_back(id);
    return error;
  }
  // nothing tells of what was under way when it was saved
  const bool isBegun = !flow.back.isEmpty() || saved.there.isAtEnd || saved.back.isAtEnd;
  if (isBegun || state == Direction::State::Unspent || state == Direction::State::Broken) queue(flow);
  return static_cast<int>(id);
}

bool Relay::stop(uint32_t id, bool resets, FlowEnd& ended) {
  Flow* const flow = find(id);
  if (!flow) return false;
  // what was taken and not given would be missing without a word
  const bool isCut = resets || !flow->there.isEmpty() || !flow->back.isEmpty();
  ended = end(*flow, isCut ? ECANCELED : 0);
  freeIds_.push_back(id);
  return true;
}

double Relay::quietTime(uint32_t id) const {
  const Flow* const flow = find(id);
  return flow ? static_cast<double>(uv_now(loop_) - flow->movedAt) : -ENOENT;
}

/// With the first flow.
void Relay::begin() {
  uv_idle_start(sleepless_, [](uv_idle_t*) {});
  uv_prepare_start(attending_, [](uv_prepare_t* handle) { static_cast<Relay*>(handle->data)->attend(); });
}

/// Waits in libuv's place, for as long as it would, and serves flows until there is something that it has to do.
void Relay::attend() {
  uv_idle_stop(sleepless_);
  for (bool isAlone = true; isAlone && count_ > 0;) {
    // 0 also where it has first to tell its epoll of a new member
    const int patience = uv_backend_timeout(loop_);
    const bool isWaiting = queue_.empty() && patience != 0;
    epoll_event events[kEvents];
    const int got = epoll_wait(epoll_.get(), events, kEvents, isWaiting ? patience : 0);
    uv_update_time(loop_);
    isAlone = patience != 0 && (got != 0 || !isWaiting);
    for (int i = 0; i < got; i++) {
      if (events[i].data.u64 == kLoop) {
        isAlone = false;
      } else {
        note(events[i].data.u64, events[i].events);
      }
    }
    runTurns();
  }
  if (count_ > 0) uv_idle_start(sleepless_, [](uv_idle_t*) {});
}

/// Whether a side can be written is asked only once it could not be. 0 or -errno.
int Relay::watch(int operation, Flow& flow, size_t index) {
  Side& side = flow.sides[index];
  side.isAwaited = !side.mayWrite;
  epoll_event event = {};
  event.events = side.isAwaited ? kWanted | EPOLLOUT : kWanted;
  event.data.u64 = static_cast<uint64_t>(flow.id) * 2 + index;
  return epoll_ctl(epoll_.get(), operation, side.descriptor, &event) < 0 ? -errno : 0;
}

/// An event of a flow that has ended cannot come: its sockets left the epoll before they were closed.
void Relay::note(uint64_t token, uint32_t events) {
  Flow* const flow = find(static_cast<uint32_t>(token / 2));
  if (!flow) return;
  Side& side = flow->sides[token % 2];
  const bool couldWrite = side.mayWrite;
  side.mayWrite = couldWrite || (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0;
  const bool mayRead = (events & (EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP)) != 0;
  side.mayRead = side.mayRead || mayRead;
  side.hasUrgent = side.hasUrgent || (events & EPOLLPRI) != 0;
  side.isShort = side.isShort || (events & (EPOLLRDHUP | EPOLLPRI | EPOLLERR | EPOLLHUP)) != 0;
  side.hasError = side.hasError || (events & (EPOLLERR | EPOLLHUP)) != 0;
  // that a side can be written is told again with everything that arrives
  if (mayRead || !couldWrite) {
    side.vain = 0;
    queue(*flow);
  } else if (++side.vain >= kVain) {
    side.vain = 0;
    static_cast<void>(watch(EPOLL_CTL_MOD, *flow, token % 2));
  }
}

void Relay::queue(Flow& flow) {
  if (flow.isQueued) return;
  flow.isQueued = true;
  queue_.push_back(flow.id);
}

void Relay::runTurns() {
  size_t done = 0;
  uint64_t moved = 0;
  for (; done < queue_.size() && done < kTurns && moved < kRound; done++) {
    Flow* const flow = find(queue_[done]);
    // stopped since, and perhaps somebody else's id by now
    if (!flow || !flow->isQueued) continue;
    flow->isQueued = false;
    if (turn(*flow, moved)) {
      flow->isQueued = true;
      unspent_.push_back(flow->id);
    }
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<ptrdiff_t>(done));
  queue_.insert(queue_.end(), unspent_.begin(), unspent_.end());
  unspent_.clear();
  tellEnds();
}

/// Whether it is to have another turn; what it gave is added to `moved`.
bool Relay::turn(Flow& flow, uint64_t& moved) {
  const uint64_t before = flow.there.given() + flow.back.given();
  const Direction::State there = flow.there.move(workshop_, kShare, flow.back.isFinished());
  const Direction::State back = flow.back.move(workshop_, kShare, flow.there.isFinished());
  const uint64_t given = flow.there.given() + flow.back.given() - before;
  if (given > 0) flow.movedAt = uv_now(loop_);
  moved += given;
  const bool isUnspent = there == Direction::State::Unspent || back == Direction::State::Unspent;
  int error = flow.there.error() != 0 ? flow.there.error() : flow.back.error();
  if (error == 0 && there == Direction::State::Finished && back == Direction::State::Finished) {
    ends_.push_back(end(flow, 0));
    return false;
  }
  // a side that is reset while nothing can be read from it or written to it is found out only so
  for (const Side& side : flow.sides) {
    if (error == 0 && side.hasError && !isUnspent) error = errorOf(side.descriptor);
  }
  for (size_t index = 0; index < 2 && error == 0; index++) {
    const Side& side = flow.sides[index];
    if (!side.mayWrite && !side.isAwaited) error = -watch(EPOLL_CTL_MOD, flow, index);
  }
  if (error == 0) return isUnspent;
  ends_.push_back(end(flow, error));
  return false;
}

FlowEnd Relay::end(Flow& flow, int error) {
  flow.there.close(workshop_);
  flow.back.close(workshop_);
  for (const Side& side : flow.sides) {
    // a child that has not exec'd yet may hold the same open file, which would stay in the epoll with it
    if (ways_.isShared()) {
      epoll_event ignored = {};
      static_cast<void>(epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, side.descriptor, &ignored));
    }
    if (error != 0) resetAtClose(side.descriptor);
    ways_.close(side.descriptor);
  }
  const FlowEnd ended = {
      static_cast<double>(flow.id),
      static_cast<double>(error),
      static_cast<double>(flow.there.taken()),
      static_cast<double>(flow.back.given()),
      static_cast<double>(flow.back.taken()),
      static_cast<double>(flow.there.given()),
      {},
  };
  flows_[flow.id].reset();
  if (--count_ == 0) {
    uv_prepare_stop(attending_);
    uv_idle_stop(sleepless_);
  }
  return ended;
}

/// Last of all: whoever hears of an end may join and stop others.
void Relay::tellEnds() {
  if (ends_.empty()) return;
  const std::vector<FlowEnd> told = std::exchange(ends_, {});
  for (const FlowEnd& each : told) freeIds_.push_back(static_cast<uint32_t>(each.id));
  onEnded_(told);
}

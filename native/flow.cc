// Moves the bytes of one direction of a flow.
#include "flow.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

namespace {

/// Full buffers in a row that make a direction bulk; splices in a row that carry less than `kLean` that make it none.
constexpr uint8_t kFullReads = 4;
constexpr uint8_t kLeanSplices = 8;
constexpr ssize_t kLean = 16'384;

bool isNothing(int error) { return error == EAGAIN || error == EINTR; }

}  // namespace

int Side::stopBlocking() {
  if (isNonBlocking) return 0;
  int wanted = 1;
  if (ioctl(descriptor, FIONBIO, &wanted) < 0) return -errno;
  isNonBlocking = true;
  return 0;
}

Direction::State Direction::fail(int error) {
  error_ = error;
  return State::Broken;
}

Direction::State Direction::move(Workshop& workshop, size_t share, bool isLast) {
  if (isFinished_) return State::Finished;
  size_t moved = 0;
  while (moved < share) {
    if (pending() > 0) {
      if (!to_.mayWrite) return State::Waiting;
      const ssize_t given = give();
      if (given < 0) return fail(static_cast<int>(-given));
      moved += static_cast<size_t>(given);
      continue;
    }
    if (isAtEnd_) {
      returnPipe(workshop);
      // who does not listen any more will not be told: that shows at its own side
      if (!isLast) shutdown(to_.descriptor, SHUT_WR);
      isFinished_ = true;
      return State::Finished;
    }
    if (!from_.mayRead) {
      // an idle flow holds no pipe
      returnPipe(workshop);
      return State::Waiting;
    }
    const ssize_t taken = take(workshop);
    if (taken < 0) return fail(static_cast<int>(-taken));
    moved += static_cast<size_t>(taken);
  }
  return State::Unspent;
}

ssize_t Direction::take(Workshop& workshop) {
  // splice(2) stops at an urgent mark and does not get past it
  if (isBulk_ && maySplice_ && !from_.hasUrgent) {
    if (!pipe_.isOpen()) pipe_ = workshop.pipes.lend();
    if (pipe_.isOpen()) {
      if (const int error = from_.stopBlocking(); error < 0) return error;
      if (const int error = to_.stopBlocking(); error < 0) return error;
      return takeIntoPipe();
    }
  }
  return takeThroughBuffer(workshop);
}

/// From the socket into the buffer of all and at once to the other side; what that does not take is kept.
ssize_t Direction::takeThroughBuffer(Workshop& workshop) {
  uint8_t* const buffer = workshop.buffer.get();
  const ssize_t taken = recv(from_.descriptor, buffer, Workshop::kBuffer, MSG_DONTWAIT);
  if (taken < 0) {
    if (!isNothing(errno)) return -errno;
    if (errno == EAGAIN) from_.mayRead = false;
    return 0;
  }
  if (taken == 0) {
    isAtEnd_ = true;
    return 0;
  }
  const auto length = static_cast<size_t>(taken);
  taken_ += length;
  if (length == Workshop::kBuffer) {
    if (++streak_ >= kFullReads) {
      isBulk_ = true;
      streak_ = 0;
    }
  } else {
    streak_ = 0;
    // nothing is left, and what comes now is told: that spares a read for each question and answer
    if (!from_.isShort) from_.mayRead = false;
  }
  size_t sent = 0;
  if (to_.mayWrite) {
    const ssize_t given = send(to_.descriptor, buffer, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (given < 0 && !isNothing(errno)) return -errno;
    sent = given < 0 ? 0 : static_cast<size_t>(given);
    given_ += sent;
    if (sent < length) to_.mayWrite = given < 0 && errno == EINTR;
  }
  if (const int error = keep(buffer + sent, length - sent); error < 0) return error;
  return taken;
}

int Direction::keep(const uint8_t* bytes, size_t length) {
  if (length == 0) return 0;
  kept_.reset(new (std::nothrow) uint8_t[length]);
  if (!kept_) return -ENOMEM;
  memcpy(kept_.get(), bytes, length);
  keptFrom_ = 0;
  keptUntil_ = static_cast<uint32_t>(length);
  return 0;
}

/// The pipe is empty: EAGAIN can only mean that there is nothing to read.
ssize_t Direction::takeIntoPipe() {
  const ssize_t taken = splice(from_.descriptor, nullptr, pipe_.in.get(), nullptr, PipePool::kSize,
                               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (taken < 0) {
    if (errno == EINVAL) {
      maySplice_ = false;
      return 0;
    }
    if (!isNothing(errno)) return -errno;
    if (errno == EAGAIN) from_.mayRead = false;
    return 0;
  }
  if (taken == 0) {
    isAtEnd_ = true;
    return 0;
  }
  taken_ += static_cast<size_t>(taken);
  inPipe_ = static_cast<size_t>(taken);
  streak_ = taken < kLean ? static_cast<uint8_t>(streak_ + 1) : 0;
  if (streak_ >= kLeanSplices) {
    isBulk_ = false;
    streak_ = 0;
  }
  return taken;
}

ssize_t Direction::give() {
  ssize_t given = 0;
  if (inPipe_ > 0) {
    // a reader that has gone raises SIGPIPE here, which Node ignores
    given = splice(pipe_.out.get(), nullptr, to_.descriptor, nullptr, inPipe_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  } else {
    given = send(to_.descriptor, kept_.get() + keptFrom_, keptUntil_ - keptFrom_, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (given < 0) {
    if (!isNothing(errno)) return -errno;
    if (errno == EAGAIN) to_.mayWrite = false;
    return 0;
  }
  given_ += static_cast<size_t>(given);
  if (inPipe_ > 0) {
    inPipe_ -= static_cast<size_t>(given);
  } else {
    keptFrom_ += static_cast<uint32_t>(given);
    if (keptFrom_ == keptUntil_) {
      kept_.reset();
      keptFrom_ = keptUntil_ = 0;
    }
  }
  return given;
}

void Direction::returnPipe(Workshop& workshop) {
  if (!pipe_.isOpen()) return;
  if (inPipe_ == 0) {
    workshop.pipes.takeBack(std::move(pipe_));
  } else {
    pipe_ = {};
    workshop.pipes.forget();
  }
  inPipe_ = 0;
}

bool Direction::save(Workshop& workshop, SavedDirection& out) {
  if (inPipe_ > 0) {
    // from here on as if it had come through the buffer
    std::unique_ptr<uint8_t[]> bytes(new (std::nothrow) uint8_t[inPipe_]);
    if (!bytes) return false;
    size_t got = 0;
    while (got < inPipe_) {
      const ssize_t part = read(pipe_.out.get(), bytes.get() + got, inPipe_ - got);
      if (part < 0 && errno == EINTR) continue;
      if (part <= 0) return false;
      got += static_cast<size_t>(part);
    }
    kept_ = std::move(bytes);
    keptFrom_ = 0;
    keptUntil_ = static_cast<uint32_t>(got);
    inPipe_ = 0;
    returnPipe(workshop);
  }
  out = {taken_, given_, isAtEnd_, isFinished_, {}};
  if (keptUntil_ > keptFrom_) out.kept.assign(kept_.get() + keptFrom_, kept_.get() + keptUntil_);
  return true;
}

int Direction::restore(const SavedDirection& saved) {
  taken_ = saved.taken;
  given_ = saved.given;
  isAtEnd_ = saved.isAtEnd;
  isFinished_ = saved.isFinished;
  return keep(saved.kept.data(), saved.kept.size());
}

void Direction::close(Workshop& workshop) {
  returnPipe(workshop);
  kept_.reset();
  keptFrom_ = keptUntil_ = 0;
}

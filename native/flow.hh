// One flow: two sockets, and in each direction the bytes that were taken from one and not given to the other yet.
//
// Most flows are short questions and answers: those go through one buffer that all share, and only what the reader does
// not take at once is kept. A direction that fills that buffer again and again is bulk: its bytes are moved with
// splice(2) through a pipe, which spares the copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "pipe-pool.hh"

/// What all directions use in turn.
struct Workshop {
  static constexpr size_t kBuffer = 65'536;
  std::unique_ptr<uint8_t[]> buffer = std::make_unique<uint8_t[]>(kBuffer);
  PipePool pipes;
};

/// One end of a flow. Readiness is edge-triggered: it holds until the kernel says EAGAIN.
struct Side {
  int descriptor = -1;
  bool mayRead = false;
  bool mayWrite = true;
  /// The end, an error or an urgent mark is near: a short read does not mean that there is no more.
  bool isShort = false;
  bool hasError = false;
  bool hasUrgent = false;
  bool isNonBlocking = false;
  /// It is to be told when the side can be written.
  bool isAwaited = false;
  /// How often in a row that was told for nothing: a unix socket says so whenever something is read from it.
  uint8_t vain = 0;
  /// splice(2) has no other way to say that it shall not wait; most flows never come so far. 0 or -errno.
  [[nodiscard]] int stopBlocking();
};

/// What one direction is, for the version of acceptd that takes our place.
struct SavedDirection {
  uint64_t taken = 0;
  uint64_t given = 0;
  bool isAtEnd = false;
  bool isFinished = false;
  std::vector<uint8_t> kept;
};

class Direction {
 public:
  enum class State : uint8_t {
    Waiting,   // for either side
    Unspent,   // it has used up its share, and there may be more
    Finished,  // the end of file was passed on
    Broken,    // error() says why
  };

  Direction(Side& from, Side& to) : from_(from), to_(to) {}

  /// Moves at most about `share` bytes. `isLast`: the other direction is over, and the close that follows passes on this
  /// one's end of file.
  [[nodiscard]] State move(Workshop& workshop, size_t share, bool isLast);
  /// Gives back what is lent; nothing may be moved afterwards.
  void close(Workshop& workshop);

  /// Nothing is lost by it, and the direction goes on; false where there is no memory for what is under way.
  [[nodiscard]] bool save(Workshop& workshop, SavedDirection& out);
  /// Before anything is moved.
  [[nodiscard]] int restore(const SavedDirection& saved);

  /// Nothing was taken that is still to be given.
  [[nodiscard]] bool isEmpty() const { return pending() == 0; }
  [[nodiscard]] uint64_t taken() const { return taken_; }
  [[nodiscard]] uint64_t given() const { return given_; }
  [[nodiscard]] bool isFinished() const { return isFinished_; }
  [[nodiscard]] int error() const { return error_; }

 private:
  [[nodiscard]] size_t pending() const { return keptUntil_ - keptFrom_ + inPipe_; }
  [[nodiscard]] State fail(int error);
  /// Both give what was moved; 0 when nothing can be now; -errno.
  [[nodiscard]] ssize_t take(Workshop& workshop);
  [[nodiscard]] ssize_t give();
  [[nodiscard]] ssize_t takeThroughBuffer(Workshop& workshop);
  [[nodiscard]] ssize_t takeIntoPipe();
  [[nodiscard]] int keep(const uint8_t* bytes, size_t length);
  void returnPipe(Workshop& workshop);

  Side& from_;
  Side& to_;
  uint64_t taken_ = 0;
  uint64_t given_ = 0;
  std::unique_ptr<uint8_t[]> kept_;
  uint32_t keptFrom_ = 0;
  uint32_t keptUntil_ = 0;
  Pipe pipe_;
  size_t inPipe_ = 0;
  int error_ = 0;
  uint8_t streak_ = 0;  // of full reads, or of lean splices
  bool isBulk_ = false;
  bool maySplice_ = true;
  bool isAtEnd_ = false;
  bool isFinished_ = false;
};

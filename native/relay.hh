// All flows: a private epoll, the queue of flows that have something to move, and their ends.
//
// As long as there are flows the thread sleeps in that epoll, of which libuv's own is one member, as its documentation
// tells those who embed it (uv_backend_fd): a message then costs one wait. Were it the other way round, libuv would look,
// sleep, and only then could the private epoll be asked who it was.
//
// An event only says that a flow is to have its turn. Turns are short and go round, and after a bounded number of them
// libuv is looked at: a flow that never runs dry cannot keep other flows, or who is to be accepted, waiting.
#pragma once

#include <uv.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "fd.hh"
#include "flow.hh"

/// One ended flow, as JavaScript reads it: eight doubles. `first` and `second` are the sockets in the order of join().
struct FlowEnd {
  double id;
  double error;  // errno, 0 when both directions came to their end
  double takenFromFirst;
  double givenToFirst;
  double takenFromSecond;
  double givenToSecond;
  double reserved[2];
};

/// A flow as the version that takes our place gets it.
struct SavedFlow {
  int first = -1;
  int second = -1;
  SavedDirection there;
  SavedDirection back;
};

/// How descriptors become long-lived, and end (SpawnEngine counts them).
struct DescriptorWays {
  std::function<int(int)> raise;  // the descriptor itself where it cannot be raised
  std::function<void(int)> close;
  std::function<int(int)> raiseUncounted;
  std::function<bool()> isShared;  // a child may have copies of descriptors
};

class Relay {
 public:
  using OnEnded = std::function<void(const std::vector<FlowEnd>&)>;

  Relay();
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// 0 or -errno.
  [[nodiscard]] int open(uv_loop_t* loop, DescriptorWays ways, size_t pipes, OnEnded onEnded);
  /// Closes the handles; `whenClosed` is called when they are, and only then may this be destroyed.
  void close(std::function<void()> whenClosed);

  /// Takes both sockets, whatever comes of it, and gives the id of their flow or -errno.
  [[nodiscard]] int join(int first, int second) { return join(SavedFlow{first, second, {}, {}}); }
  /// The same where somebody has begun it.
  [[nodiscard]] int join(const SavedFlow& saved);
  /// The flow goes on; false where it has ended, or there is no memory.
  [[nodiscard]] bool save(uint32_t id, SavedFlow& out);
  /// Ends a flow, with a reset for both or where nothing is under way with an end of file; its end is not told but given.
  /// False when it has ended already.
  [[nodiscard]] bool stop(uint32_t id, bool resets, FlowEnd& end);
  /// Milliseconds since bytes were last moved; -ENOENT when it has ended.
  [[nodiscard]] double quietTime(uint32_t id) const;

 private:
  struct Flow;
  void begin();
  void attend();
  void runTurns();
  void note(uint64_t token, uint32_t events);
  int watch(int operation, Flow& flow, size_t index);
  void queue(Flow& flow);
  bool turn(Flow& flow, uint64_t& moved);
  FlowEnd end(Flow& flow, int error);
  [[nodiscard]] Flow* find(uint32_t id) const { return id < flows_.size() ? flows_[id].get() : nullptr; }
  void tellEnds();

  Fd epoll_;
  DescriptorWays ways_;
  OnEnded onEnded_;
  Workshop workshop_;
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<uint32_t> freeIds_;
  std::vector<uint32_t> queue_;
  std::vector<uint32_t> unspent_;  // queued for the next round
  std::vector<FlowEnd> ends_;
  size_t count_ = 0;  // of flows
  uv_loop_t* loop_ = nullptr;
  // both are active while there are flows
  uv_prepare_t* attending_ = nullptr;
  uv_idle_t* sleepless_ = nullptr;  // libuv does not wait then: that is done before it looks
};

// The spawn engine: clone without waiting for the exec, on stacks that are free again when the kernel says so.
//
// With few descriptors the child copies the table. With many it shares it and leaves it with
// close_range(CLOSE_RANGE_UNSHARE), which copies only the low ones: what lives long stands high, what a child needs is
// low, and our copy of the connection is closed once the child says that it has left. In both cases the cost of a
// connection does not depend on the number of listeners.
#pragma once

#include <sys/types.h>

#include <memory>
#include <unordered_set>
#include <vector>

#include "child.hh"
#include "fd.hh"
#include "recipe.hh"
#include "record.hh"
#include "stamps.hh"

/// `Shared` is the real one. `Copied` forks: for tools that cannot follow a child in shared memory (valgrind).
enum class Memory { Shared, Copied };

struct Slot;

struct StartFailure {
  int32_t stage = 0;
  int32_t error = 0;
};

class SpawnEngine {
 public:
  SpawnEngine();
  ~SpawnEngine();
  SpawnEngine(const SpawnEngine&) = delete;
  SpawnEngine& operator=(const SpawnEngine&) = delete;

  /// Opens /dev/null; 0 or -errno. `sharedFrom` is the lowest number of a long-lived descriptor.
  [[nodiscard]] int open(int sharedFrom, Memory memory);

  /// The pid, or -errno. Closes `handed` unless `keeps`, now or when the child has its own copy; not on failure.
  [[nodiscard]] pid_t spawn(std::shared_ptr<const Recipe> recipe, int handed, const Record* record, bool keeps);

  /// Closes what children have left meanwhile; false when some have not yet.
  bool closeLeft();

  /// What the slot of an ended child says about its start; to be called for every reaped pid.
  [[nodiscard]] StartFailure forget(pid_t pid);

  /// From here on starts are stamped, until nullptr says that nobody wants it.
  void stampInto(Stamps* stamps) { stamps_ = stamps; }

  /// Whether a child is its program by now.
  [[nodiscard]] bool hasExecuted(pid_t pid) const;

  /// Whether a child is not its program yet, or has failed to become that and nobody has heard of it.
  [[nodiscard]] bool isStarting() const;

  /// A child that the version before us has started.
  void adopt(pid_t pid) { children_.insert(pid); }

  /// Children that were started and not forgotten.
  [[nodiscard]] int alive() const { return static_cast<int>(children_.size()); }

  /// Counts a descriptor as long-lived, which decides between copying and sharing the table.
  void countRaised(int descriptor);

  /// The only way in which the addon closes what JavaScript has known.
  int closeCounted(int descriptor);

 private:
  [[nodiscard]] pid_t cloneChild(Slot& slot, bool sharesTable);
  [[nodiscard]] bool findSources(Slot& slot, int handed, bool keeps);
  Slot* takeSlot();
  void release(Slot* slot);
  void readStamps(const Slot& slot);

  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_;
  std::vector<Slot*> starting_;  // cloned, not known to have exec'd
  std::vector<Slot*> sharing_;   // holding descriptors that are to be closed
  Fd null_;
  int sharedFrom_ = 0;
  /// By number from sharedFrom_: one that Node closed behind our back is corrected when its number comes again.
  std::vector<bool> isRaised_;
  int raised_ = 0;
  Memory memory_ = Memory::Shared;
  Stamps* stamps_ = nullptr;
  /// Until the kernel, or a filter, says that it is not.
  bool isClone3Known_ = true;
  std::unordered_set<pid_t> children_;  // that were started and not reaped: orphans that we reap are none of them
};

// The parent's half of a spawn.
#include "spawn.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "clone.hh"
#include "slot.hh"

namespace {

constexpr size_t kMaxSlots = 4096;
/// Children besides the new one; the last client's may have ended without being reaped yet.
constexpr int kFewAlive = 1;
/// With more than so many, most of them are there to stay and say nothing of how busy we are.
constexpr int kManyAlive = 256;

/// With all signals blocked: a handler of ours must not run in a child that shares our memory. -errno.
template <typename Start>
pid_t withoutSignals(Start start) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = start();
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid < 0 ? -error : pid;
}

/// Without libc's fork handlers, and on the same stack: valgrind knows no other way.
pid_t forkChild(Slot& slot) {
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) runChild(&slot.plan);
  return pid;
}

}  // namespace

/// -errno. Note that the kernel makes memory undumpable when a child that shares it changes its user, and so keeps that
/// user from tracing its way into ours.
pid_t SpawnEngine::cloneChild(Slot& slot, bool sharesTable) {
  const int flags = sharesTable ? CLONE_FILES : 0;
  slot.tid = 1;
  slot.plan.hasNoHandlers = isClone3Known_;
  if (isClone3Known_) {
    const pid_t pid =
        cloneWithoutHandlers(runChild, &slot.plan, slot.stack(), kStackSize, static_cast<uint64_t>(flags), &slot.tid);
    if (pid != -ENOSYS && pid != -EPERM && pid != -EINVAL) return pid;
    isClone3Known_ = false;
    slot.plan.hasNoHandlers = false;
  }
  // libc's clone() sets up the child's stack; it uses errno in the parent only
  return withoutSignals([&] {
    const int all = flags | CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD;
    return clone(runChild, slot.stackTop(), all, &slot.plan, nullptr, nullptr, &slot.tid);
  });
}

SpawnEngine::SpawnEngine() = default;

/// A child that has not exec'd yet uses its slot, and the recipe, even when we are gone: leaking is right then.
SpawnEngine::~SpawnEngine() {
  for (auto& slot : slots_) {
    if (slot->isRunning()) static_cast<void>(slot.release());
  }
}

int SpawnEngine::open(int sharedFrom, Memory memory) {
  null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_.isOpen()) return -errno;
  sharedFrom_ = sharedFrom;
  memory_ = memory;
  return 0;
}

/// A slot whose child has exec'd is free; one whose start failed keeps the reason until the pid is reaped.
Slot* SpawnEngine::takeSlot() {
  std::erase_if(starting_, [this](Slot* slot) {
    // a copied child says nothing when it has exec'd: its slot is free when it has been reaped
    if (slot->isCopied || slot->isRunning() || slot->hasFailed() || !slot->toClose.empty()) return false;
    readStamps(*slot);
    release(slot);
    return true;
  });
  if (free_.empty()) {
    if (slots_.size() == kMaxSlots) return nullptr;
    auto slot = std::make_unique<Slot>();
    if (!slot->allocate()) return nullptr;
    free_.push_back(slot.get());
    slots_.push_back(std::move(slot));
  }
  Slot* slot = free_.back();
  free_.pop_back();
  return slot;
}

/// To be called before a slot is another child's.
void SpawnEngine::readStamps(const Slot& slot) {
  if (stamps_ && slot.plan.isTraced) {
    stamps_->exec(slot.pid, slot.mailbox->began.load(), slot.mailbox->executing.load());
  }
}

void SpawnEngine::release(Slot* slot) {
  slot->recipe.reset();
  free_.push_back(slot);
}

pid_t SpawnEngine::spawn(std::shared_ptr<const Recipe> recipe, int handed, const Record* record, bool keeps) {
  const bool isTraced = stamps_ && record && !keeps;
  const double spawning = isTraced ? momentNow() : 0;
  Slot* slot = takeSlot();
  if (!slot) return -EAGAIN;
  slot->recipe = std::move(recipe);
  if (!slot->writeVariables(record, handed)) {
    release(slot);
    return -E2BIG;
  }

  // in shared memory the kernel would give our own process the score too (proc_pid_oom_score_adj(5), CLONE_VM)
  slot->isCopied = memory_ == Memory::Copied || !slot->recipe->oomScoreAdjust.empty();
  const bool sharesTable = findSources(*slot, handed, keeps);
  slot->mailbox->clear();
  slot->plan.recipe = slot->recipe.get();
  slot->plan.environment = slot->environment.data();
  slot->plan.sources = slot->sources.data();
  slot->plan.targets = static_cast<int>(slot->sources.size());
  slot->plan.sharedFrom = sharesTable ? static_cast<unsigned>(sharedFrom_) : 0;
  slot->plan.isTraced = isTraced;
  slot->plan.mailbox = slot->mailbox;

  slot->plan.hasNoHandlers = false;
  const pid_t pid =
      slot->isCopied ? withoutSignals([slot] { return forkChild(*slot); }) : cloneChild(*slot, sharesTable);
  const double spawned = isTraced ? momentNow() : 0;
  // The scheduler may put the child behind us on our own processor, where it would wait until we sleep. Measured at one
  // client, first byte: 469 us instead of 563 (static handler). With many clients we had better take the next one first.
  const bool isAlone = alive() <= kFewAlive || (alive() > kManyAlive && starting_.empty());
  if (pid > 0 && isAlone) sched_yield();
  if (pid < 0) {
    slot->tid = 0;
    slot->closeAll();
    release(slot);
    return pid;
  }
  children_.insert(pid);
  if (isTraced) stamps_->spawn(pid, *record, spawning, spawned);
  slot->pid = pid;
  starting_.push_back(slot);
  if (!sharesTable) {
    if (!keeps) closeCounted(handed);
    return pid;
  }
  if (!keeps) slot->toClose.push_back(handed);
  if (!slot->toClose.empty()) sharing_.push_back(slot);
  return pid;
}

bool SpawnEngine::hasExecuted(pid_t pid) const {
  if (memory_ == Memory::Copied) return true;
  return std::none_of(starting_.begin(), starting_.end(),
                      [pid](Slot* slot) { return slot->pid == pid && (slot->isRunning() || slot->hasFailed()); });
}

bool SpawnEngine::isStarting() const {
  return std::any_of(starting_.begin(), starting_.end(),
                     [](Slot* slot) { return slot->hasFailed() || (!slot->isCopied && slot->isRunning()); });
}

bool SpawnEngine::closeLeft() {
  std::erase_if(sharing_, [this](Slot* slot) {
    if (!slot->hasLeftTable()) return false;
    for (const int descriptor : slot->toClose) closeCounted(descriptor);
    slot->toClose.clear();
    return true;
  });
  return sharing_.empty();
}

void SpawnEngine::countRaised(int descriptor) {
  const auto index = static_cast<size_t>(descriptor - sharedFrom_);
  if (index >= isRaised_.size()) isRaised_.resize(index + 1);
  if (!isRaised_[index]) raised_++;
  isRaised_[index] = true;
}

int SpawnEngine::closeCounted(int descriptor) {
  const auto index = static_cast<size_t>(descriptor - sharedFrom_);
  if (descriptor >= sharedFrom_ && index < isRaised_.size() && isRaised_[index]) {
    isRaised_[index] = false;
    raised_--;
  }
  return close(descriptor) < 0 ? -errno : 0;
}

/// Fills in what the child takes each descriptor from; whether the child can share the table.
///
/// In a shared table it sees only low descriptors, and each until it has left: a descriptor that stands high, or that
/// stays ours and may be closed at any time, is represented by a low copy. Where no low number is free the table is
/// copied.
///
/// One high descriptor is enough to share. Measured on two cores, an empty handler from spawn() to its end, with 0, 50,
/// 100, 200, 400, 1,000 and 10,000 high descriptors: copied 103, 115, 117, 122, 131, 155 and 630 us, shared 110 us with
/// any number; 16 at once: copied 48, 54, 57, 57, 64, 76 and 350 us each, shared 47.
bool SpawnEngine::findSources(Slot& slot, int handed, bool keeps) {
  const auto sourceOf = [&](int32_t entry) { return entry == kHanded ? handed : entry == kNull ? null_.get() : entry; };
  const std::vector<int32_t>& layout = slot.recipe->layout;
  slot.sources.resize(layout.size());
  const auto copyDirectly = [&] {
    std::transform(layout.begin(), layout.end(), slot.sources.begin(), sourceOf);
    return false;
  };
  if (slot.isCopied || raised_ == 0) return copyDirectly();
  int handedCopy = -1;
  for (size_t target = 0; target < layout.size(); target++) {
    const int32_t entry = layout[target];
    int source = sourceOf(entry);
    if (entry == kHanded && handedCopy >= 0) {
      source = handedCopy;
    } else if (source >= sharedFrom_ || (entry >= kHanded && (entry != kHanded || keeps))) {
      source = fcntl(source, F_DUPFD_CLOEXEC, 3);
      if (source >= 0) slot.toClose.push_back(source);
      if (source < 0 || source >= sharedFrom_) {
        slot.closeAll();
        return copyDirectly();
      }
      if (entry == kHanded) handedCopy = source;
    }
    slot.sources[target] = source;
  }
  return true;
}

StartFailure SpawnEngine::forget(pid_t pid) {
  if (children_.erase(pid) == 0) return {};
  const auto found = std::find_if(starting_.begin(), starting_.end(), [pid](Slot* slot) { return slot->pid == pid; });
  if (found == starting_.end()) return {};
  Slot* slot = *found;
  const StartFailure failure{slot->mailbox->stage.load(), slot->mailbox->error.load()};
  readStamps(*slot);
  // a reaped child is gone, whether or not it was in shared memory when it went
  __atomic_store_n(&slot->tid, 0, __ATOMIC_RELEASE);
  closeLeft();
  starting_.erase(found);
  release(slot);
  return failure;
}

// The parent's half of a spawn.
#include "spawn.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace {

constexpr size_t kGuard = 4096;
constexpr size_t kStack = 16384;
constexpr size_t kVariables = 8192;
constexpr size_t kSlotMemory = kGuard + kStack + kVariables;
constexpr size_t kMaxSlots = 4096;
constexpr int kMaxTargets = 64;
/// Below this many long-lived descriptors a copied table costs less than leaving a shared one.
constexpr int kCopiedTableLimit = 192;

/// glibc's clone() wrapper sets up the child's stack; its own errno use is in the parent only.
pid_t cloneChild(char* stackTop, int flags, ChildPlan* plan, int* tid) {
  return clone(runChild, stackTop, flags, plan, nullptr, nullptr, tid);
}

}  // namespace

struct Slot {
  char* memory = nullptr;  // guard, stack, variables
  Mailbox* mailbox = nullptr;
  /// The kernel clears it when the child has exec'd or ended, and no longer uses our memory.
  int tid = 0;
  pid_t pid = 0;
  std::shared_ptr<const Recipe> recipe;
  std::vector<char*> environment;
  int sources[kMaxTargets] = {};
  ChildPlan plan = {};
  std::vector<int> toClose;

  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() {
    // a child that still runs on this memory keeps it: leaking is right then
    if (memory && __atomic_load_n(&tid, __ATOMIC_ACQUIRE) == 0) munmap(memory, kSlotMemory);
    if (mailbox) munmap(mailbox, sizeof(Mailbox));
  }

  [[nodiscard]] bool allocate() {
    const int protection = PROT_READ | PROT_WRITE;
    void* mapped = mmap(nullptr, kSlotMemory, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED) return false;
    memory = static_cast<char*>(mapped);
    mprotect(memory, kGuard, PROT_NONE);
    void* shared = mmap(nullptr, sizeof(Mailbox), protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return false;
    mailbox = new (shared) Mailbox();
    return true;
  }

  [[nodiscard]] char* stackTop() const { return memory + kGuard + kStack; }
  [[nodiscard]] bool isRunning() { return __atomic_load_n(&tid, __ATOMIC_ACQUIRE) != 0; }
  [[nodiscard]] bool hasFailed() const { return mailbox->stage.load() != 0; }
  [[nodiscard]] bool hasLeftTable() { return mailbox->hasOwnTable.load() != 0 || !isRunning(); }

  /// The connection's variables go behind the stack; false when they do not fit.
  [[nodiscard]] bool writeVariables(const Record* record) {
    char* out = memory + kGuard + kStack;
    const char* end = out + kVariables;
    environment.assign(recipe->environment.begin(), recipe->environment.end());
    plan.listenPid = nullptr;
    if (recipe->hasListenPid) {
      constexpr char name[] = "LISTEN_PID=";
      memcpy(out, name, sizeof name);
      environment.push_back(out);
      plan.listenPid = out + sizeof name - 1;
      out += sizeof name + 16;
    }
    if (record) {
      for (const auto& [prefix, field] : recipe->dynamicVariables) {
        if (out + prefix.size() + kFieldLength + 1 > end) return false;
        memcpy(out, prefix.data(), prefix.size());
        const size_t length = formatField(*record, field, out + prefix.size());
        if (length == 0) continue;  // a unix peer has no address
        environment.push_back(out);
        out += prefix.size() + length;
        *out++ = '\0';
      }
    }
    environment.push_back(nullptr);
    return true;
  }
};

SpawnEngine::SpawnEngine() = default;
SpawnEngine::~SpawnEngine() = default;

int SpawnEngine::open(int sharedFrom, int wakeFd, Memory memory) {
  null_.reset(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_.isOpen()) return -errno;
  sharedFrom_ = sharedFrom;
  wakeFd_ = wakeFd;
  memory_ = memory;
  return 0;
}

/// A slot whose child has exec'd is free; one whose start failed keeps the reason until the pid is reaped.
Slot* SpawnEngine::takeSlot() {
  std::erase_if(starting_, [this](Slot* slot) {
    // a copied child says nothing when it has exec'd: its slot is free when it has been reaped
    if (memory_ == Memory::Copied || slot->isRunning() || slot->hasFailed() || !slot->toClose.empty()) return false;
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

void SpawnEngine::release(Slot* slot) {
  slot->recipe.reset();
  free_.push_back(slot);
}

pid_t SpawnEngine::spawn(std::shared_ptr<const Recipe> recipe, int handed, const Record* record, bool keeps) {
  const size_t targets = recipe->layout.size();
  if (targets > kMaxTargets) return -E2BIG;
  Slot* slot = takeSlot();
  if (!slot) return -EAGAIN;
  slot->recipe = std::move(recipe);
  if (!slot->writeVariables(record)) {
    release(slot);
    return -E2BIG;
  }

  const bool sharesTable = memory_ == Memory::Shared && highDescriptors >= kCopiedTableLimit;
  int failed = 0;
  // in a shared table the child sees only low descriptors: what stands high gets a low copy for as long as it takes
  const auto reachable = [&](int source) {
    if (!sharesTable || source < sharedFrom_) return source;
    const int copy = fcntl(source, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) {
      failed = -errno;
    } else {
      slot->toClose.push_back(copy);
    }
    return copy;
  };
  const int given = reachable(handed);
  for (size_t target = 0; target < targets; target++) {
    const int source = slot->recipe->layout[target];
    slot->sources[target] = source == kHanded ? given : source == kNull ? null_.get() : reachable(source);
  }
  slot->mailbox->clear();
  slot->plan.recipe = slot->recipe.get();
  slot->plan.environment = slot->environment.data();
  slot->plan.sources = slot->sources;
  slot->plan.targets = static_cast<int>(targets);
  slot->plan.sharedFrom = sharesTable ? static_cast<unsigned>(sharedFrom_) : 0;
  slot->plan.wakeFd = wakeFd_;
  slot->plan.mailbox = slot->mailbox;

  pid_t pid = -1;
  if (failed == 0) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (memory_ == Memory::Shared) {
      slot->tid = 1;
      pid = cloneChild(slot->stackTop(), CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD | (sharesTable ? CLONE_FILES : 0),
                       &slot->plan, &slot->tid);
    } else {
      pid = cloneChild(slot->stackTop(), SIGCHLD, &slot->plan, nullptr);
    }
    if (pid < 0) failed = -errno;
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  if (failed != 0) {
    slot->tid = 0;
    for (const int copy : slot->toClose) close(copy);
    slot->toClose.clear();
    release(slot);
    return failed;
  }
  slot->pid = pid;
  starting_.push_back(slot);
  if (!sharesTable) {
    if (!keeps) close(handed);
    return pid;
  }
  if (!keeps) slot->toClose.push_back(handed);
  if (!slot->toClose.empty()) sharing_.push_back(slot);
  return pid;
}

void SpawnEngine::closeLeft() {
  std::erase_if(sharing_, [](Slot* slot) {
    // first say that we wait, then look: a child that leaves in between sees it and writes
    if (!slot->hasLeftTable()) slot->mailbox->parentWaits.store(1);
    if (!slot->hasLeftTable()) return false;
    for (const int descriptor : slot->toClose) close(descriptor);
    slot->toClose.clear();
    return true;
  });
}

StartFailure SpawnEngine::forget(pid_t pid) {
  const auto found = std::find_if(starting_.begin(), starting_.end(), [pid](Slot* slot) { return slot->pid == pid; });
  if (found == starting_.end()) return {};
  Slot* slot = *found;
  const StartFailure failure{slot->mailbox->stage.load(), slot->mailbox->error.load()};
  // a reaped child is gone, whether or not it was in shared memory when it went
  __atomic_store_n(&slot->tid, 0, __ATOMIC_RELEASE);
  closeLeft();
  starting_.erase(found);
  release(slot);
  return failure;
}

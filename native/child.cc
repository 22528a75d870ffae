// The child's half of a spawn. It shares all memory with a parent that goes on running: only raw system calls (libc's
// wrappers write the parent's errno), no allocation, no locks, nothing written but the slot and the mailbox.
#include "child.hh"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/ioprio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <ctime>

#include "adopt-child.hh"
#include "raw-call.hh"

namespace {

using raw::address;
using raw::call;

[[noreturn]] void leave() {
  for (;;) call(SYS_exit_group, 127);
}

[[noreturn]] void fail(const ChildPlan& plan, Stage stage, long result) {
  plan.mailbox->error.store(static_cast<int32_t>(-result));
  plan.mailbox->stage.store(static_cast<int32_t>(stage));
  leave();
}

void require(const ChildPlan& plan, Stage stage, long result) {
  if (result < 0) fail(plan, stage, result);
}

// The kernel's layout, which is not libc's: the mask is 64 bits on both machines.
struct KernelSigaction {
  void* handler;
  unsigned long flags;
  void* restorer;
  unsigned long mask;
};

/// libc would take the time from the vDSO, on its own terms; here the kernel is asked.
void stamp(const ChildPlan& plan, std::atomic<int64_t>& moment) {
  if (!plan.isTraced) return;
  timespec now = {};
  call(SYS_clock_gettime, CLOCK_MONOTONIC_RAW, address(&now));
  moment.store(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec);
}

/// While the table is still the parent's, nothing may be changed in it: first comes our own, without the listeners.
void takeOwnTable(const ChildPlan& plan) {
  if (plan.sharedFrom == 0) return;
  require(plan, Stage::Descriptors, call(SYS_close_range, plan.sharedFrom, ~0U, CLOSE_RANGE_UNSHARE));
  plan.mailbox->hasOwnTable.store(1);
}

/// Where the handler has it.
Stage stageOf(int target) {
  constexpr Stage streams[] = {Stage::StandardInput, Stage::StandardOutput, Stage::StandardError};
  return target < 3 ? streams[target] : Stage::Descriptors;
}

void openFiles(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  // what nobody has asked to be open to others is not
  const long mode = recipe.umask ? 0666 : 0644;
  for (size_t i = 0; i < recipe.files.size(); i++) {
    const LayoutFile& file = recipe.files[i];
    const long opened = call(SYS_openat, AT_FDCWD, address(file.path.c_str()), file.flags, mode);
    for (int target = 0; target < plan.targets; target++) {
      if (plan.sources[target] != fileSource(i)) continue;
      require(plan, stageOf(target), opened);
      plan.sources[target] = static_cast<int>(opened);
    }
  }
}

/// A source that stands where a target will be is moved up first, so that no dup overwrites what a later one needs.
void layDescriptors(const ChildPlan& plan) {
  for (int target = 0; target < plan.targets; target++) {
    int& source = plan.sources[target];
    if (source >= plan.targets) continue;
    const long moved = call(SYS_fcntl, source, F_DUPFD, plan.targets);
    require(plan, Stage::Descriptors, moved);
    source = static_cast<int>(moved);
  }
  for (int target = 0; target < plan.targets; target++) {
    require(plan, Stage::Descriptors, call(SYS_dup3, plan.sources[target], target, 0));
  }
  // also what is CLOEXEC: while an exec is held up, no other client's end of file may wait for it
  require(plan, Stage::Descriptors, call(SYS_close_range, plan.targets, ~0U, 0));
}

/// Before the root directory changes, where there may be no /proc.
void setOomScore(const ChildPlan& plan) {
  const std::string& score = plan.recipe->oomScoreAdjust;
  if (score.empty()) return;
  const long file = call(SYS_openat, AT_FDCWD, address("/proc/self/oom_score_adj"), O_WRONLY | O_CLOEXEC);
  require(plan, Stage::OomScore, file);
  require(plan, Stage::OomScore, call(SYS_write, file, address(score.data()), static_cast<long>(score.size())));
  call(SYS_close, file);
}

void setScheduling(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  if (recipe.scheduler) {
    const int priority = recipe.scheduler->priority;  // all that struct sched_param has
    require(plan, Stage::Scheduler, call(SYS_sched_setscheduler, 0, recipe.scheduler->policy, address(&priority)));
  }
  if (!recipe.affinity.empty()) {
    const auto size = static_cast<long>(recipe.affinity.size() * sizeof recipe.affinity[0]);
    require(plan, Stage::Affinity, call(SYS_sched_setaffinity, 0, size, address(recipe.affinity.data())));
  }
  if (recipe.ioPriority) {
    require(plan, Stage::IoPriority, call(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, *recipe.ioPriority));
  }
}

void setProcessAttributes(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  setOomScore(plan);
  // limits, nice and the like before the uid: raising them needs privilege
  for (const auto& [resource, limit] : recipe.resourceLimits) {
    require(plan, Stage::ResourceLimits, call(SYS_prlimit64, 0, resource, address(&limit), 0));
  }
  if (recipe.nice) require(plan, Stage::Nice, call(SYS_setpriority, PRIO_PROCESS, 0, *recipe.nice));
  setScheduling(plan);
  if (!recipe.rootDirectory.empty()) {
    require(plan, Stage::RootDirectory, call(SYS_chroot, address(recipe.rootDirectory.c_str())));
    require(plan, Stage::RootDirectory, call(SYS_chdir, address("/")));
  }
  if (!recipe.workingDirectory.empty()) {
    require(plan, Stage::WorkingDirectory, call(SYS_chdir, address(recipe.workingDirectory.c_str())));
  }
}

/// Groups, then gid, then uid: each step needs the privilege that the next one gives up.
void setGroups(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  if (!recipe.setsCredentials) return;
  require(plan, Stage::Groups,
          call(SYS_setgroups, static_cast<long>(recipe.groups.size()), address(recipe.groups.data())));
  require(plan, Stage::Gid, call(SYS_setresgid, recipe.gid, recipe.gid, recipe.gid));
}

void setUser(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  if (recipe.setsCredentials) require(plan, Stage::Uid, call(SYS_setresuid, recipe.uid, recipe.uid, recipe.uid));
}

/// The user, between what must come before it and what must come after it.
void setUserAndPrivileges(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  if (!recipe.privileges) return setUser(plan);
  const Privileges& privileges = *recipe.privileges;
  const bool isOther = recipe.setsCredentials && recipe.uid != 0;
  require(plan, Stage::BoundingSet, dropBoundingSet(privileges));
  if (isOther && privileges.isKept()) require(plan, Stage::Capabilities, keepCapabilities());
  setUser(plan);
  if (privileges.isKept() || !privileges.dropped.empty()) {
    require(plan, Stage::Capabilities, giveCapabilities(privileges, isOther));
  }
  if (privileges.secureBits) require(plan, Stage::SecureBits, setSecureBits(privileges, isOther));
  if (privileges.hasNoNewPrivileges) {
    require(plan, Stage::NoNewPrivileges, call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1));
  }
}

void writeDigits(unsigned long number, char* out) {
  char digits[24];
  int length = 0;
  for (; number > 0; number /= 10) digits[length++] = static_cast<char>('0' + number % 10);
  while (length > 0) *out++ = digits[--length];
  *out = '\0';
}

void writePids(const ChildPlan& plan) {
  if (!*plan.pids) return;
  const auto pid = static_cast<unsigned long>(call(SYS_getpid));
  for (char* const* place = plan.pids; *place; place++) writeDigits(pid, *place);
}

/// Where it cannot be found there is no such variable: who looks for it then takes the pid alone (sd_listen_fds(3)).
void writePidfd(const ChildPlan& plan) {
  if (!plan.pidfd) return;
  const long descriptor = call(SYS_pidfd_open, call(SYS_getpid));
  struct stat status = {};
  const bool isKnown = descriptor >= 0 && call(SYS_fstat, descriptor, address(&status)) == 0;
  if (descriptor >= 0) call(SYS_close, descriptor);
  if (isKnown) writeDigits(status.st_ino, plan.pidfd);
  else *plan.pidfdEntry = nullptr;
}

/// Last before exec: a signal that came meanwhile now ends this process instead of running a handler of the parent.
void restoreSignals(const ChildPlan& plan) {
  const KernelSigaction byDefault = {};
  for (const int number : plan.hasNoHandlers ? plan.recipe->ignoredSignals : plan.recipe->signals) {
    call(SYS_rt_sigaction, number, address(&byDefault), 0, sizeof byDefault.mask);
  }
  if (plan.recipe->ignoresPipe) {
    const KernelSigaction ignored = {reinterpret_cast<void*>(SIG_IGN), 0, nullptr, 0};
    call(SYS_rt_sigaction, SIGPIPE, address(&ignored), 0, sizeof ignored.mask);
  }
  const unsigned long none = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, address(&none), 0, sizeof none);
}

}  // namespace

int runChild(void* argument) {
  const ChildPlan& plan = *static_cast<const ChildPlan*>(argument);
  stamp(plan, plan.mailbox->began);
  takeOwnTable(plan);
  // where the kernel groups tasks by session (sched(7), autogroup) a new one costs as much as a clone
  require(plan, Stage::Session, plan.recipe->hasSession ? call(SYS_setsid) : call(SYS_setpgid, 0, 0));
  if (plan.recipe->umask) call(SYS_umask, static_cast<long>(*plan.recipe->umask));
  openFiles(plan);
  layDescriptors(plan);
  // before the user: with CAP_SYS_ADMIN a filter needs no PR_SET_NO_NEW_PRIVS
  if (plan.recipe->isAdopting) require(plan, Stage::Adoption, installAdoption(plan.targets - 1));
  setProcessAttributes(plan);
  setGroups(plan);
  setUserAndPrivileges(plan);
  writePids(plan);
  writePidfd(plan);
  restoreSignals(plan);
  stamp(plan, plan.mailbox->executing);
  fail(plan, Stage::Exec,
       call(SYS_execve, address(plan.recipe->file.c_str()), address(plan.recipe->arguments.data()),
            address(plan.environment)));
}

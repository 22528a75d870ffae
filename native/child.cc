// The child's half of a spawn. It shares all memory with a parent that goes on running: only raw system calls (libc's
// wrappers write the parent's errno), no allocation, no locks, nothing written but the slot and the mailbox.
#include "child.hh"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/resource.h>
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

void setProcessAttributes(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  // limits and nice before the uid: raising them needs privilege
  for (const auto& [resource, limit] : recipe.resourceLimits) {
    require(plan, Stage::ResourceLimits, call(SYS_prlimit64, 0, resource, address(&limit), 0));
  }
  if (recipe.nice) require(plan, Stage::Nice, call(SYS_setpriority, PRIO_PROCESS, 0, *recipe.nice));
  if (recipe.umask) call(SYS_umask, static_cast<long>(*recipe.umask));
  if (!recipe.rootDirectory.empty()) {
    require(plan, Stage::RootDirectory, call(SYS_chroot, address(recipe.rootDirectory.c_str())));
    require(plan, Stage::RootDirectory, call(SYS_chdir, address("/")));
  }
  if (!recipe.workingDirectory.empty()) {
    require(plan, Stage::WorkingDirectory, call(SYS_chdir, address(recipe.workingDirectory.c_str())));
  }
}

/// Groups, then gid, then uid: each step needs the privilege that the next one gives up.
void setCredentials(const ChildPlan& plan) {
  const Recipe& recipe = *plan.recipe;
  if (!recipe.setsCredentials) return;
  require(plan, Stage::Groups,
          call(SYS_setgroups, static_cast<long>(recipe.groups.size()), address(recipe.groups.data())));
  require(plan, Stage::Gid, call(SYS_setresgid, recipe.gid, recipe.gid, recipe.gid));
  require(plan, Stage::Uid, call(SYS_setresuid, recipe.uid, recipe.uid, recipe.uid));
}

void writeListenPid(const ChildPlan& plan) {
  if (!plan.listenPid) return;
  char digits[16];
  int length = 0;
  for (long pid = call(SYS_getpid); pid > 0; pid /= 10) digits[length++] = static_cast<char>('0' + pid % 10);
  char* out = plan.listenPid;
  while (length > 0) *out++ = digits[--length];
  *out = '\0';
}

/// Last before exec: a signal that came meanwhile now ends this process instead of running a handler of the parent.
void restoreSignals(const ChildPlan& plan) {
  const KernelSigaction byDefault = {};
  for (const int number : plan.hasNoHandlers ? plan.recipe->ignoredSignals : plan.recipe->signals) {
    call(SYS_rt_sigaction, number, address(&byDefault), 0, sizeof byDefault.mask);
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
  layDescriptors(plan);
  // before the user: with CAP_SYS_ADMIN a filter needs no PR_SET_NO_NEW_PRIVS
  if (plan.recipe->isAdopting) require(plan, Stage::Adoption, installAdoption(plan.targets - 1));
  setProcessAttributes(plan);
  setCredentials(plan);
  writeListenPid(plan);
  restoreSignals(plan);
  stamp(plan, plan.mailbox->executing);
  fail(plan, Stage::Exec,
       call(SYS_execve, address(plan.recipe->file.c_str()), address(plan.recipe->arguments.data()),
            address(plan.environment)));
}

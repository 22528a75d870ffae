// acceptd's start: its descriptors, its environment, and what ties it to the guard.
#include "child.hh"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace guard {

namespace {

constexpr int kFirst = 3;

[[noreturn]] void giveUp(Text what, long result) {
  Writer<512> text;
  text << "cannot " << what << " (error " << -result << ")";
  say(text.view());
  leave(71);
}

/// Listeners from 3 on, and behind them the one that acceptd says on that it is ready. The table is the child's own copy.
void place(int* listeners, size_t count, int ready) {
  const long end = kFirst + static_cast<long>(count);
  const auto raise = [end](int& descriptor) {
    if (descriptor < 0 || descriptor > end) return;
    descriptor = static_cast<int>(call(SYS_fcntl, descriptor, F_DUPFD_CLOEXEC, end + 1));
    if (descriptor < 0) giveUp("hand over the listeners", descriptor);
  };
  // none may stand where another one belongs
  for (size_t i = 0; i < count; i++) raise(listeners[i]);
  raise(ready);
  for (size_t i = 0; i < count; i++) {
    const long result = call(SYS_dup3, listeners[i], kFirst + static_cast<long>(i), 0);
    if (result < 0) giveUp("hand over the listeners", result);
  }
  if (ready >= 0) call(SYS_dup3, ready, end, 0);
}

size_t countWords(char** words) {
  size_t count = 0;
  while (words[count] != nullptr) count++;
  return count;
}

[[noreturn]] void become(const Setting& setting, Store& store, Notify& notify, pid_t guard) {
  // What a terminal or a shell sends to a group comes to the guard, which passes it on: once, and not twice.
  call(SYS_setpgid, 0, 0);
  // Whoever starts a killed guard again needs the ports: an acceptd without one ends as at TERM, with all it serves.
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM);
  if (call(SYS_getppid) != guard) leave(0);
  place(store.descriptors(), store.count(), setting.ready);

  const int64_t own = call(SYS_getpid);
  const auto count = static_cast<int64_t>(store.count());
  Writer<64> listenPid, listenCount, watchdogTime, watchdogPid, storeLimit, ready;
  listenPid << "LISTEN_PID=" << own;
  listenCount << "LISTEN_FDS=" << count;
  watchdogTime << "WATCHDOG_USEC=" << setting.watchdog * 1000;
  watchdogPid << "WATCHDOG_PID=" << own;
  storeLimit << "FDSTORE=" << setting.storeLimit;
  ready << "ACCEPTD_READY=" << kFirst + count;
  Writer<128> restarted;
  restarted << setting.restarted;

  const size_t inherited = countWords(setting.environment);
  constexpr size_t kMore = 10;
  auto** const variables = static_cast<char**>(__builtin_alloca((inherited + kMore) * sizeof(char*)));
  size_t next = 0;
  while (next < inherited) {
    variables[next] = setting.environment[next];
    next++;
  }
  for (char* each : {notify.variable(), watchdogTime.text(), watchdogPid.text(), storeLimit.text()}) {
    variables[next++] = each;
  }
  if (count > 0) {
    for (char* each : {listenPid.text(), listenCount.text(), store.variable()}) variables[next++] = each;
  }
  if (setting.ready >= 0) variables[next++] = ready.text();
  if (setting.restarted.length > 0) variables[next++] = restarted.text();
  variables[next] = nullptr;

  uint64_t nothing = 0;
  call(SYS_rt_sigprocmask, SIG_SETMASK, address(&nothing), 0, sizeof nothing);
  const long result = call(SYS_execve, address(setting.words[0]), address(setting.words), address(variables));
  Writer<512> what;
  what << "execute " << setting.words[0];
  giveUp(what.view(), result);
}

}  // namespace

pid_t start(const Setting& setting, Store& store, Notify& notify) {
  const auto guard = static_cast<pid_t>(call(SYS_getpid));
  const long pid = call(SYS_clone, SIGCHLD);
  if (pid == 0) become(setting, store, notify, guard);
  return static_cast<pid_t>(pid);
}

Inherited takeInherited(char** environment) {
  Inherited found;
  char** kept = environment;
  for (char** each = environment; *each != nullptr; each++) {
    const Text variable(*each);
    Text value;
    if (variable.takeValue("NOTIFY_SOCKET=", value)) found.notifySocket = value;
    else if (variable.takeValue("LISTEN_PID=", value)) found.listenPid = value.toNumber();
    else if (variable.takeValue("LISTEN_FDS=", value)) found.listenCount = value.toNumber();
    else if (variable.takeValue("LISTEN_FDNAMES=", value)) found.listenNames = value;
    else if (variable.takeValue("WATCHDOG_USEC=", value)) found.watchdogMicroseconds = value.toNumber();
    else if (variable.takeValue("WATCHDOG_PID=", value)) found.watchdogPid = value.toNumber();
    else if (variable.takeValue("ACCEPTD_READY=", value)) found.ready = value.toNumber();
    else if (!variable.beginsWith("LISTEN_PIDFDID=") && !variable.beginsWith("FDSTORE=") &&
             !variable.beginsWith("ACCEPTD_RESTARTED="))
      *kept++ = *each;
  }
  *kept = nullptr;
  return found;
}

}  // namespace guard

// acceptd-guard [OPTION...] PROGRAM [ARGUMENT...]: keeps acceptd running. It holds the listeners, so that nobody
// is refused while acceptd is started again; it never touches a connection.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "child.hh"

namespace guard {

namespace {

constexpr int64_t kHealthy = 60'000;
constexpr int64_t kLongestPause = 10'000;
constexpr int64_t kShortestPause = 250;
constexpr int64_t kNever = INT64_MAX;

// what acceptd ends with (src/exit-status.ts)
constexpr int kDone = 0;
constexpr int kUsage = 64;
constexpr int kSystem = 71;
constexpr int kConfiguration = 78;

constexpr int kStops[] = {SIGTERM, SIGINT, SIGQUIT};
constexpr int kOthers[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGABRT};

constexpr uint64_t bit(int signal) { return 1ULL << (signal - 1); }

bool isStop(int signal) { return signal == SIGTERM || signal == SIGINT || signal == SIGQUIT; }

struct State {
  Setting setting;
  pid_t child = 0;
  bool isReady = false;
  bool wasReady = false;  // any of them
  bool isStopping = false;
  bool isHung = false;
  /// Whoever has called acceptd may wait for the end of what can be written there.
  bool isSilentWhenReady = false;
  /// Signals that came before acceptd could take them.
  uint64_t held = 0;
  int64_t startAt = 0;
  int64_t readySince = kNever;
  int64_t watchdogAt = kNever;
  int64_t failures = 0;
  int64_t restarts = 0;
  Writer<128> restarted;
  /// How often a manager above must hear of us.
  int64_t above = 0;
  int64_t aboveAt = kNever;
};

// in memory that costs nothing before it is touched
Store store;
Notify notify;
State state;

void startAcceptd() {
  state.isReady = false;
  state.isHung = false;
  state.readySince = kNever;
  state.watchdogAt = kNever;
  state.startAt = kNever;
  const pid_t pid = start(state.setting, store, notify);
  if (pid > 0) {
    state.child = pid;
    return;
  }
  say("cannot start acceptd: no more processes; trying again");
  if (!state.wasReady) leave(kSystem);
  state.startAt = now() + kLongestPause;
}

/// Our children; -1 where this kernel does not list them.
int64_t countChildren() {
  const long file = call(SYS_openat, AT_FDCWD, address("/proc/thread-self/children"), O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  int64_t count = 0;
  char bytes[1024];
  // each number has a space behind it
  for (long got; (got = call(SYS_read, file, address(bytes), sizeof bytes)) > 0;) {
    for (long i = 0; i < got; i++) count += bytes[i] == ' ' ? 1 : 0;
  }
  call(SYS_close, file);
  return count;
}

void planRestart(Text how) {
  if (state.readySince != kNever && now() - state.readySince >= kHealthy) state.failures = 0;
  int64_t pause = state.failures == 0 ? 0 : kShortestPause;
  for (int64_t i = 1; i < state.failures && pause < kLongestPause; i++) pause *= 2;
  if (pause > kLongestPause) pause = kLongestPause;
  state.failures++;
  state.restarts++;
  state.startAt = now() + pause;
  state.restarted = {};
  state.restarted << "ACCEPTD_RESTARTED=" << state.restarts << ":" << how << ":" << countChildren();
  state.setting.restarted = state.restarted.view();
  Writer<256> text;
  text << "acceptd ended (" << how << "), starting it again in " << pause << " ms";
  say(text.view());
  Writer<256> status;
  status << "STATUS=" << text.view() << "\n";
  notify.tellAbove(status.view());
}

void onEnd(int status) {
  state.child = 0;
  Writer<64> how;
  if (WIFEXITED(status)) {
    const int code = WEXITSTATUS(status);
    // whoever has called a start that fails wants to know it; later ones have to succeed at last
    const bool isFinal = code == kDone || code == kUsage || code == kConfiguration || !state.wasReady;
    if (isFinal || state.isStopping) leave(code);
    how << "status " << code;
  } else {
    const int signal = WTERMSIG(status);
    // it may have been sent to acceptd alone, before that could catch it
    if (state.isStopping || signal == SIGTERM || signal == SIGINT) dieOf(signal);
    if (state.isHung) how << "watchdog";
    else how << "signal " << signal;
  }
  planRestart(how.view());
}

/// acceptd has told whoever called it; the next one tells nobody, but must not go to the background once more.
void tellCaller() {
  const long nobody = call(SYS_openat, AT_FDCWD, address("/dev/null"), O_RDWR | O_CLOEXEC);
  if (nobody < 0) return;
  if (state.setting.ready >= 0) call(SYS_dup3, nobody, state.setting.ready, O_CLOEXEC);
  if (state.isSilentWhenReady) call(SYS_dup3, nobody, STDERR_FILENO, 0);
  call(SYS_close, nobody);
}

void takeNews() {
  const News news = notify.receive(state.child, store);
  if (news.isStopping) state.isStopping = true;
  if (news.isReady && !state.isReady) {
    state.isReady = true;
    state.wasReady = true;
    state.readySince = now();
    tellCaller();
    for (const int signal : kOthers) {
      if ((state.held & bit(signal)) != 0) call(SYS_kill, state.child, signal);
    }
    state.held = 0;
  }
  if (state.isReady && (news.isReady || news.isAlive)) state.watchdogAt = now() + state.setting.watchdog;
}

/// Everybody who has lost his parents, too.
void reap() {
  bool hasEnded = false;
  int last = 0;
  for (;;) {
    int status = 0;
    const long pid = call(SYS_wait4, -1, address(&status), WNOHANG, 0);
    if (pid == -EINTR) continue;
    if (pid <= 0) break;
    if (pid != state.child) continue;
    hasEnded = true;
    last = status;
  }
  if (!hasEnded) return;
  // what it has said last, before another one begins
  takeNews();
  onEnd(last);
}

void onSignal(int signal) {
  if (signal == SIGCHLD) return;
  if (isStop(signal)) {
    state.isStopping = true;
    if (state.child == 0) leave(kDone);
    call(SYS_kill, state.child, signal);
  } else if (state.child != 0 && state.isReady) {
    call(SYS_kill, state.child, signal);
  } else {
    state.held |= bit(signal);
  }
}

void takeSignals(int descriptor) {
  signalfd_siginfo details[8];
  for (;;) {
    const long got = call(SYS_read, descriptor, address(details), sizeof details);
    if (got < static_cast<long>(sizeof details[0])) return;
    for (size_t i = 0; i < static_cast<size_t>(got) / sizeof details[0]; i++) {
      onSignal(static_cast<int>(details[i].ssi_signo));
    }
  }
}

void keepTime() {
  const int64_t time = now();
  if (state.child == 0 && state.startAt <= time) startAcceptd();
  if (state.child != 0 && state.watchdogAt <= time) {
    // ABRT it would catch, and its loop does not turn
    state.isHung = true;
    state.watchdogAt = kNever;
    call(SYS_kill, state.child, SIGKILL);
  }
  if (state.aboveAt <= time) {
    // ours turns; whether acceptd's does is our business
    notify.tellAbove("WATCHDOG=1\n");
    state.aboveAt = time + state.above;
  }
}

int64_t nextMoment() {
  int64_t next = state.child == 0 ? state.startAt : state.watchdogAt;
  if (state.aboveAt < next) next = state.aboveAt;
  return next;
}

[[noreturn]] void turn(int signals) {
  for (;;) {
    pollfd watched[] = {{signals, POLLIN, 0}, {notify.descriptor(), POLLIN, 0}};
    const int64_t next = nextMoment();
    const int64_t rest = next == kNever ? 0 : next - now();
    const int64_t wait = rest < 0 ? 0 : rest;
    const timespec patience = {wait / 1000, (wait % 1000) * 1'000'000};
    call(SYS_ppoll, address(watched), 2, next == kNever ? 0 : address(&patience), 0, 8);
    // news first: a guard that was not allowed to run for a while must not take acceptd for hung
    takeNews();
    takeSignals(signals);
    reap();
    keepTime();
  }
}

/// The signals that are read, and no longer act by themselves; -errno where it cannot be.
int openSignals() {
  uint64_t all = bit(SIGCHLD) | bit(SIGPIPE);
  for (const int signal : kStops) all |= bit(signal);
  for (const int signal : kOthers) all |= bit(signal);
  call(SYS_rt_sigprocmask, SIG_BLOCK, address(&all), 0, sizeof all);
  // whoever started us may have it ignored, and then nobody could be waited for
  const uint64_t standard[4] = {};
  call(SYS_rt_sigaction, SIGCHLD, address(standard), 0, sizeof all);
  all &= ~bit(SIGPIPE);
  return static_cast<int>(call(SYS_signalfd4, -1, address(&all), sizeof all, SFD_CLOEXEC | SFD_NONBLOCK));
}

void openStandardDescriptors() {
  for (;;) {
    const long descriptor = call(SYS_openat, AT_FDCWD, address("/dev/null"), O_RDWR);
    if (descriptor > STDERR_FILENO) call(SYS_close, descriptor);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return;
  }
}

/// Half of what we may have: while they are handed over each is there twice.
int64_t storeLimit() {
  rlimit limit = {};
  call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, address(&limit));
  constexpr rlim_t kOwn = 16;
  const rlim_t half = limit.rlim_cur / 2 > kOwn ? limit.rlim_cur / 2 - kOwn : 0;
  return half < kMostKept ? static_cast<int64_t>(half) : static_cast<int64_t>(kMostKept);
}

int refuse(Text what) {
  say(what);
  return kUsage;
}

}  // namespace

int run(char** words, char** environment) {
  openStandardDescriptors();
  int64_t watchdog = 30'000;
  if (*words != nullptr) words++;
  for (; *words != nullptr && (*words)[0] == '-'; words++) {
    if (Text(*words).equals("--silent-when-ready")) {
      state.isSilentWhenReady = true;
    } else if (Text(*words).equals("--watchdog") && words[1] != nullptr) {
      words++;
      watchdog = Text(*words).toNumber() * 1000;
      if (watchdog <= 0) return refuse("--watchdog takes a number of seconds");
    } else {
      return refuse("there are two options: --watchdog SECONDS and --silent-when-ready");
    }
  }
  if (*words == nullptr || Text(*words).until('/').length == Text(*words).length) {
    return refuse("say what to run, with its directory: acceptd-guard [OPTION...] PROGRAM [ARGUMENT...]");
  }
  const int64_t own = call(SYS_getpid);
  const Inherited found = takeInherited(environment);
  const bool hasListeners = found.listenPid == own && found.listenCount > 0;
  store.adopt(hasListeners ? static_cast<size_t>(found.listenCount) : 0, found.listenNames);
  if (found.watchdogMicroseconds >= 2000 && (found.watchdogPid < 0 || found.watchdogPid == own)) {
    state.above = found.watchdogMicroseconds / 2000;
    state.aboveAt = now() + state.above;
  }
  state.setting.words = words;
  state.setting.environment = environment;
  state.setting.watchdog = watchdog;
  state.setting.storeLimit = storeLimit();
  state.setting.ready = found.ready > STDERR_FILENO ? static_cast<int>(found.ready) : -1;
  if (state.setting.ready >= 0) call(SYS_fcntl, state.setting.ready, F_SETFD, FD_CLOEXEC);

  call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
  const int signals = openSignals();
  if (signals < 0 || notify.open(found.notifySocket) < 0) {
    say("the system refuses a socket or a descriptor for signals");
    return kSystem;
  }
  startAcceptd();
  turn(signals);
}

}  // namespace guard

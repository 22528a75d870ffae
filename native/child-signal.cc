// A signal handler is given nothing but a number: what it needs stands here, once a process.
#include "child-signal.hh"

#include <atomic>
#include <csignal>

namespace {

std::atomic<bool> isAtWork = false;
std::atomic<bool> hasEnded = false;
/// A ring; what is overwritten is found by the look at all children.
constexpr unsigned kNamed = 256;
std::atomic<pid_t> named[kNamed] = {};
std::atomic<unsigned> lastNamed = 0;
unsigned lastTaken = 0;
struct sigaction before = {};

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<pid_t>::is_always_lock_free);

/// May run on any thread. It sets its flag before it looks at the engine's, and the engine clears that before it looks
/// at this one: one of the two sees the other.
void onChild(int number, siginfo_t* details, void* context) {
  named[lastNamed.fetch_add(1) % kNamed].store(details->si_pid);
  hasEnded.store(true);
  if (isAtWork.load()) return;
  if ((before.sa_flags & SA_SIGINFO) != 0) before.sa_sigaction(number, details, context);
  else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) before.sa_handler(number);
}

}  // namespace

void ChildSignal::open() {
  struct sigaction ours = {};
  ours.sa_sigaction = onChild;
  sigfillset(&ours.sa_mask);
  ours.sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP;
  sigaction(SIGCHLD, &ours, &before);
}

void ChildSignal::close() {
  struct sigaction now = {};
  sigaction(SIGCHLD, nullptr, &now);
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == onChild) sigaction(SIGCHLD, &before, nullptr);
}

bool ChildSignal::take() { return hasEnded.exchange(false); }

pid_t ChildSignal::takeNamed() {
  const unsigned last = lastNamed.load();
  if (last - lastTaken > kNamed) lastTaken = last - kNamed;
  while (lastTaken != last) {
    const pid_t pid = named[lastTaken++ % kNamed].exchange(0);
    if (pid > 0) return pid;
  }
  return 0;
}

ChildSignal::Work::Work(bool willAsk) : isWork_(willAsk) {
  if (isWork_) isAtWork.store(true);
}

ChildSignal::Work::~Work() {
  if (isWork_) isAtWork.store(false);
}

// A signal handler is given nothing but a number: what it needs stands here, once a process.
#include "child-signal.hh"

#include <atomic>
#include <csignal>

namespace {

std::atomic<bool> isAtWork = false;
std::atomic<bool> hasEnded = false;
struct sigaction before = {};

static_assert(std::atomic<bool>::is_always_lock_free);

/// May run on any thread. It sets its flag before it looks at the engine's, and the engine clears that before it looks
/// at this one: one of the two sees the other.
void onChild(int number, siginfo_t* details, void* context) {
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
  ours.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGCHLD, &ours, &before);
}

void ChildSignal::close() {
  struct sigaction now = {};
  sigaction(SIGCHLD, nullptr, &now);
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == onChild) sigaction(SIGCHLD, &before, nullptr);
}

bool ChildSignal::take() { return hasEnded.exchange(false); }

ChildSignal::Work::Work(bool willAsk) : isWork_(willAsk) {
  if (isWork_) isAtWork.store(true);
}

ChildSignal::Work::~Work() {
  if (isWork_) isAtWork.store(false);
}

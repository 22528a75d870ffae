// Signals that come between an exec and the first line of JavaScript: by default they would end the process, and with it
// all that was handed over. Node takes back a mask and what is ignored, but leaves a handler alone that it finds: this
// library is preloaded by execProgram() and has one before Node begins. For TERM and INT Node has one of its own, which
// resets the terminal and ends the process: it is kept out until somebody in JavaScript catches them.
#include "early-signal.hh"

#include <dlfcn.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "api.hh"

// glibc 2.34 has moved them and given them a new version; under the old one they are found before and after that
#if defined(__GLIBC__) && defined(__x86_64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
__asm__(".symver dladdr, dladdr@GLIBC_2.2.5");
#elif defined(__GLIBC__) && defined(__aarch64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
__asm__(".symver dladdr, dladdr@GLIBC_2.17");
#endif

namespace {

constexpr int kHeld[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
constexpr const char* kPreload = "LD_PRELOAD";

std::atomic<uint64_t> noted = 0;
std::atomic<bool> isHolding = false;

using Sigaction = int (*)(int, const struct sigaction*, struct sigaction*);

/// That of the C library, or of whoever else was preloaded.
Sigaction realSigaction() {
  static const auto found = reinterpret_cast<Sigaction>(dlsym(RTLD_NEXT, "sigaction"));
  return found;
}

void note(int signal, siginfo_t*, void*) { noted |= uint64_t{1} << signal; }

/// What was there before, for whoever is started by us.
void takeBackPreload() {
  const char* const value = getenv(kPreload);
  if (!value) return;
  const char* const last = strrchr(value, ':');
  if (!last) {
    unsetenv(kPreload);
    return;
  }
  const std::string rest(value, last);
  setenv(kPreload, rest.c_str(), 1);
}

__attribute__((constructor)) void holdSignals() {
  if (!getenv(kPreloadMark)) return;
  unsetenv(kPreloadMark);
  takeBackPreload();
  struct sigaction action = {};
  action.sa_sigaction = note;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  for (const int signal : kHeld) static_cast<void>(realSigaction()(signal, &action, nullptr));
  isHolding = true;
}

}  // namespace

/// What Node calls where this library is preloaded. Its own handlers of signals that end it are good for one signal, which
/// tells them from those of its loop.
extern "C" __attribute__((visibility("default"))) int sigaction(int signal, const struct sigaction* action,
                                                                struct sigaction* before) noexcept {
  if (isHolding && action && (action->sa_flags & SA_RESETHAND) != 0 && (signal == SIGTERM || signal == SIGINT)) return 0;
  return realSigaction()(signal, action, before);
}

std::string ownLibrary() {
  Dl_info found = {};
  if (dladdr(reinterpret_cast<const void*>(&note), &found) == 0 || !found.dli_fname) return "";
  // a list of the loader's has no way to say such a name
  return strpbrk(found.dli_fname, ": ") ? "" : found.dli_fname;
}

/// takeEarlySignals(): a bit for each signal that has come; whom nobody catches by now ends us again.
Napi::Value takeEarlySignals(const Napi::CallbackInfo& info) {
  isHolding = false;
  for (const int signal : kHeld) {
    struct sigaction now = {};
    if (sigaction(signal, nullptr, &now) < 0 || now.sa_sigaction != note) continue;
    now = {};
    now.sa_handler = SIG_DFL;
    static_cast<void>(sigaction(signal, &now, nullptr));
  }
  return number(info, static_cast<double>(noted.exchange(0)));
}

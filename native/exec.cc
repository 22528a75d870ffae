// Another program in place of this one: same pid, same children, and the descriptors that it is to have.
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "api.hh"

namespace {

std::vector<std::string> textsOf(const Napi::Value& value) {
  auto array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  texts.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) texts.push_back(text(array.Get(i)));
  return texts;
}

/// As execve(2) wants them; they stay the caller's.
std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& each : texts) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

void setClosedOnExec(int descriptor, bool isClosed) { fcntl(descriptor, F_SETFD, isClosed ? FD_CLOEXEC : 0); }

}  // namespace

/// execProgram(path, [argument...], ["NAME=value"...], [fd...]): does not return, or gives -errno and nothing has changed.
/// The new program finds these descriptors and 0 to 2 at the numbers they have, and no others. What Node ignores is at its
/// default there, and no signal is blocked.
Napi::Value execProgram(const Napi::CallbackInfo& info) {
  const std::string path = text(info[0]);
  std::vector<std::string> words = textsOf(info[1]);
  std::vector<std::string> variables = textsOf(info[2]);
  const std::vector<char*> argv = pointersTo(words);
  const std::vector<char*> environment = pointersTo(variables);
  auto listed = info[3].As<Napi::Int32Array>();
  std::vector<int> descriptors(listed.Data(), listed.Data() + listed.ElementLength());
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) descriptors.push_back(standard);

  // Node ignores these; a signal that is caught gets its default from execve(2) itself
  constexpr int kIgnored[] = {SIGPIPE, SIGXFSZ};
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  struct sigaction before[2] = {};
  for (size_t i = 0; i < 2; i++) sigaction(kIgnored[i], &standard, &before[i]);
  sigset_t none;
  sigset_t blocked;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, &blocked);

  // whoever started us may have left us more than we know of
  syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  for (const int each : descriptors) setClosedOnExec(each, false);
  execve(path.c_str(), argv.data(), environment.data());
  const int error = errno;

  for (const int each : descriptors) setClosedOnExec(each, true);
  pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
  for (size_t i = 0; i < 2; i++) sigaction(kIgnored[i], &before[i], nullptr);
  return number(info, -error);
}

// Processes that come from a process: children and their children, who they are, and signals that reach them or nobody.
#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api.hh"
#include "engine.hh"
#include "fd.hh"

namespace {

/// Of /proc/PID/stat. A pid and its start time together never come again.
struct Facts {
  pid_t pid = 0;
  char state = '?';
  pid_t parent = 0;
  pid_t session = 0;
  double startTime = 0;  // clock ticks after the boot
};

/// The file's first bytes, as many as fit; a negative number is -errno.
ssize_t readFile(const std::string& path, char* out, size_t size) {
  const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.isOpen()) return -errno;
  size_t length = 0;
  while (length < size) {
    const ssize_t got = read(file.get(), out + length, size - length);
    if (got < 0) return -errno;
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  return static_cast<ssize_t>(length);
}

std::string procPath(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + "/" + name; }

/// 0 or -errno; -ESRCH when there is no such process.
int readFacts(pid_t pid, Facts& facts) {
  char text[1024];
  const ssize_t length = readFile(procPath(pid, "stat"), text, sizeof text - 1);
  if (length < 0) return length == -ENOENT ? -ESRCH : static_cast<int>(length);
  text[length] = '\0';
  // the name may have anything in it, a parenthesis too
  const char* rest = strrchr(text, ')');
  int parent = 0;
  int session = 0;
  unsigned long long startTime = 0;
  // fields 3 to 22 of proc_pid_stat(5)
  constexpr char kFormat[] = ") %c %d %*d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu";
  if (!rest || sscanf(rest, kFormat, &facts.state, &parent, &session, &startTime) != 4) return -ESRCH;
  facts.pid = pid;
  facts.parent = parent;
  facts.session = session;
  facts.startTime = static_cast<double>(startTime);
  return 0;
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};

/// Calls `visit` with each entry of a directory that is a number.
template <typename Visit>
void forNumbers(const std::string& path, Visit visit) {
  const std::unique_ptr<DIR, CloseDirectory> directory(opendir(path.c_str()));
  if (!directory) return;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') visit(static_cast<pid_t>(atoi(entry->d_name)));
  }
}

/// Children of each process, told by the kernel: /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN). It costs what the
/// tree has and not what the machine has.
class ListedChildren {
 public:
  static bool isThere() { return access("/proc/thread-self/children", R_OK) == 0; }

  void append(pid_t pid, std::vector<pid_t>& out) {
    forNumbers(procPath(pid, "task"), [&](pid_t thread) { static_cast<void>(appendOf(pid, thread, out)); });
  }

  /// Those that one thread has started, or was given as orphans; false when they are not to be had.
  static bool appendOf(pid_t pid, pid_t thread, std::vector<pid_t>& out) {
    const std::string path = procPath(pid, "task/") + std::to_string(thread) + "/children";
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.isOpen()) parse(file.get(), out);
    return file.isOpen();
  }

 private:
  /// Numbers, each with a space behind it.
  static void parse(int file, std::vector<pid_t>& out) {
    char text[4096];
    pid_t current = 0;
    for (ssize_t got; (got = read(file, text, sizeof text)) > 0;) {
      for (ssize_t i = 0; i < got; i++) {
        if (text[i] >= '0' && text[i] <= '9') {
          current = current * 10 + (text[i] - '0');
        } else if (current > 0) {
          out.push_back(current);
          current = 0;
        }
      }
    }
  }
};

/// The same from one look at all processes, for a kernel that does not list children.
class ScannedChildren {
 public:
  ScannedChildren() {
    forNumbers("/proc", [this](pid_t pid) {
      Facts facts;
      if (readFacts(pid, facts) == 0) children_[facts.parent].push_back(pid);
    });
  }

  void append(pid_t pid, std::vector<pid_t>& out) {
    const auto found = children_.find(pid);
    if (found != children_.end()) out.insert(out.end(), found->second.begin(), found->second.end());
  }

 private:
  std::unordered_map<pid_t, std::vector<pid_t>> children_;
};

/// All that come from `root`, which is not among them, parents before children.
template <typename Children>
std::vector<pid_t> treeOf(pid_t root, Children children) {
  std::vector<pid_t> found;
  children.append(root, found);
  // a process that ends while we look may come twice, as somebody else's child: never follow a number again
  std::unordered_map<pid_t, bool> isSeen = {{root, true}};
  std::vector<pid_t> tree;
  for (size_t next = 0; next < found.size(); next++) {
    if (!isSeen.emplace(found[next], true).second) continue;
    tree.push_back(found[next]);
    children.append(found[next], found);
  }
  return tree;
}

std::vector<pid_t> treeOf(pid_t root) {
  return ListedChildren::isThere() ? treeOf(root, ListedChildren()) : treeOf(root, ScannedChildren());
}

/// Whether this process has a child, whatever its state: one call in place of a look. A subreaper without any has no
/// descendant either: whoever had one between them and us would be a child himself, or has left them to us.
bool hasChildren() {
  siginfo_t ignored = {};
  // __WALL: also one whose end is told by another signal than SIGCHLD, or by none
  const int result = waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT | __WALL);
  return result == 0 || errno != ECHILD;
}

std::vector<pid_t> childrenOf(pid_t parent) {
  std::vector<pid_t> found;
  const bool isOwn = parent == getpid();
  if (isOwn && !hasChildren()) return found;
  // of ours only the main thread starts processes, and it is the one that the kernel gives orphans to
  if (isOwn && ListedChildren::appendOf(parent, parent, found)) return found;
  if (ListedChildren::isThere()) {
    ListedChildren().append(parent, found);
  } else {
    ScannedChildren().append(parent, found);
  }
  return found;
}

Napi::Value numbers(Napi::Env env, const std::vector<double>& values) {
  auto out = Napi::Array::New(env, values.size());
  for (size_t i = 0; i < values.size(); i++) out.Set(static_cast<uint32_t>(i), Napi::Number::New(env, values[i]));
  return out;
}

/// Whether a block of texts, each ended by a NUL, has this one.
class TextFinder {
 public:
  explicit TextFinder(std::string wanted) : wanted_(std::move(wanted)) {}

  [[nodiscard]] bool add(const char* bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
      if (bytes[i] == '\0') {
        if (matches_ && length_ == wanted_.size()) return true;
        matches_ = true;
        length_ = 0;
      } else {
        matches_ = matches_ && length_ < wanted_.size() && wanted_[length_] == bytes[i];
        length_++;
      }
    }
    return false;
  }

 private:
  std::string wanted_;
  bool matches_ = true;
  size_t length_ = 0;
};

/// Far more than an environment has, and no more than a look may cost.
constexpr size_t kEnvironmentPages = 1024;

}  // namespace

/// becomeSubreaper(): from here on orphans of our descendants become our children, and are reaped by us.
Napi::Value becomeSubreaper(const Napi::CallbackInfo& info) {
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return number(info, -errno);
  engineOf(info.Env())->hasOrphans = true;
  return number(info, 0);
}

/// findChildren(pid): [pid...]
Napi::Value findChildren(const Napi::CallbackInfo& info) {
  const std::vector<pid_t> found = childrenOf(integer(info, 0));
  return numbers(info.Env(), std::vector<double>(found.begin(), found.end()));
}

/// findTree(pid): [pid, startTime, ...] of all that come from this process.
Napi::Value findTree(const Napi::CallbackInfo& info) {
  std::vector<double> out;
  for (const pid_t pid : treeOf(integer(info, 0))) {
    Facts facts;
    if (readFacts(pid, facts) < 0) continue;
    out.push_back(pid);
    out.push_back(facts.startTime);
  }
  return numbers(info.Env(), out);
}

/// describeProcess(pid): [startTime, parent, session, hasEnded], or -errno.
Napi::Value describeProcess(const Napi::CallbackInfo& info) {
  Facts facts;
  if (const int error = readFacts(integer(info, 0), facts); error < 0) return number(info, error);
  const bool hasEnded = facts.state == 'Z' || facts.state == 'X';
  return numbers(info.Env(), {facts.startTime, static_cast<double>(facts.parent), static_cast<double>(facts.session),
                              hasEnded ? 1.0 : 0.0});
}

/// hasVariable(pid, "NAME=value"): 1 when the process was started with it and has not written over it.
Napi::Value hasVariable(const Napi::CallbackInfo& info) {
  const Fd file(open(procPath(integer(info, 0), "environ").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.isOpen()) return number(info, -errno);
  TextFinder finder(text(info[1]));
  char page[4096];
  for (size_t i = 0; i < kEnvironmentPages; i++) {
    const ssize_t got = read(file.get(), page, sizeof page);
    if (got < 0) return number(info, -errno);
    if (got == 0) break;
    if (finder.add(page, static_cast<size_t>(got))) return number(info, 1);
  }
  return number(info, 0);
}

/// signalProcess(pid, startTime, signal): 0, or -ESRCH when that process is gone and its number may be another's.
Napi::Value signalProcess(const Napi::CallbackInfo& info) {
  const pid_t pid = integer(info, 0);
  const double startTime = info[1].As<Napi::Number>().DoubleValue();
  const Fd held(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!held.isOpen()) return number(info, -errno);
  // who is there after the descriptor was opened and was there before is the one that the descriptor means
  Facts facts;
  if (const int error = readFacts(pid, facts); error < 0) return number(info, error);
  if (facts.startTime != startTime) return number(info, -ESRCH);
  const long result = syscall(SYS_pidfd_send_signal, held.get(), integer(info, 2), nullptr, 0);
  return number(info, result < 0 ? -errno : 0);
}

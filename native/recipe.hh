// How to start a handler, compiled once a load into memory that a child can use as it is.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "privileges.hh"
#include "record.hh"

/// What a descriptor of the handler is.
enum Source : int32_t {
  kHanded = -1,  // the connection, or the listener in wait mode
  kNull = -2,    // /dev/null
  kFirstFile = -3,
  // 0 and up: a descriptor of acceptd itself, such as the service's log; below kFirstFile: the next file
};

/// Opened by the child, before it gives up any right; several descriptors may be one opened file.
struct LayoutFile {
  std::string path;
  int flags;
};
constexpr int32_t fileSource(size_t index) { return kFirstFile - static_cast<int32_t>(index); }

struct Scheduler {
  int policy;
  int priority;
};

struct ResourceLimit {
  int resource;
  rlimit limit;
};

struct DynamicVariable {
  std::string prefix;  // "REMOTE_ADDR="
  Field field;
};

struct Recipe {
  std::string file;
  std::vector<std::string> argumentTexts;
  std::vector<std::string> environmentTexts;
  std::vector<char*> arguments;    // into argumentTexts, null-terminated
  std::vector<char*> environment;  // into environmentTexts, not terminated: a slot adds its own
  std::vector<DynamicVariable> dynamicVariables;
  std::vector<std::string> pidPrefixes;  // "LISTEN_PID="
  bool hasPidfdVariable = false;
  bool hasInvocationId = false;
  std::vector<int32_t> layout;  // by target descriptor: a Source
  std::vector<LayoutFile> files;
  /// The last of the layout is the channel of installAdoption().
  bool isAdopting = false;
  bool hasSession = true;
  std::vector<ResourceLimit> resourceLimits;
  std::optional<int> nice;
  std::optional<mode_t> umask;
  std::string rootDirectory;  // empty: none
  std::string workingDirectory;
  bool setsCredentials = false;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  std::optional<Privileges> privileges;
  std::optional<Scheduler> scheduler;
  std::vector<unsigned long> affinity;  // a mask; empty: as it is
  std::optional<int> ioPriority;
  std::string oomScoreAdjust;  // digits; empty: as it is
  bool ignoresPipe = false;
  /// Whether the connection's own address is among the variables.
  bool tellsLocal = false;
  /// Signals that acceptd ignores, and all that it ignores or catches: the handler must find them at their default.
  std::vector<int> ignoredSignals;
  std::vector<int> signals;
};

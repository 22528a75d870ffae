// How to start a handler, compiled once a load into memory that a child can use as it is.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "record.hh"

/// What a descriptor of the handler is.
enum Source : int32_t {
  kHanded = -1,  // the connection, or the listener in wait mode
  kNull = -2,    // /dev/null
  // 0 and up: a descriptor of acceptd itself, such as the service's log
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
  bool hasListenPid = false;
  std::vector<int32_t> layout;  // by target descriptor: a Source
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
  /// Whether the connection's own address is among the variables.
  bool tellsLocal = false;
  /// Signals that acceptd ignores, and all that it ignores or catches: the handler must find them at their default.
  std::vector<int> ignoredSignals;
  std::vector<int> signals;
};

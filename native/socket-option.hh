// Options of sockets, by their names in the manual pages.
#pragma once

#include <string_view>

struct SocketOption {
  std::string_view name;
  int level;
  int number;
};

/// null for a name that is not known.
[[nodiscard]] const SocketOption* findSocketOption(std::string_view name);

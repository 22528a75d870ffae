// Where the guard begins, and what the compiler takes for granted of a C library.
#include "system.hh"

#ifdef ACCEPTD_GUARD_HOSTED  // for the sanitizers, which need their C library

int main(int, char** words, char** environment) { return guard::run(words, environment); }

#else

extern "C" {

void* memcpy(void* to, const void* from, size_t size) {
  for (size_t i = 0; i < size; i++) static_cast<char*>(to)[i] = static_cast<const char*>(from)[i];
  return to;
}

void* memset(void* to, int value, size_t size) {
  for (size_t i = 0; i < size; i++) static_cast<char*>(to)[i] = static_cast<char>(value);
  return to;
}

/// `stack` as the kernel leaves it: the number of words, the words, nullptr, the environment, nullptr.
[[gnu::used, noreturn]] void begin(long* stack) {
  auto** const words = reinterpret_cast<char**>(stack + 1);
  guard::leave(guard::run(words, words + stack[0] + 1));
}
}

#if defined(__x86_64__)
__asm__(
    ".globl _start\n"
    "_start:\n\t"
    "xor %ebp, %ebp\n\t"
    "mov %rsp, %rdi\n\t"
    "and $-16, %rsp\n\t"
    "call begin\n");
#elif defined(__aarch64__)
__asm__(
    ".globl _start\n"
    "_start:\n\t"
    "mov x29, #0\n\t"
    "mov x30, #0\n\t"
    "mov x0, sp\n\t"
    "bl begin\n");
#endif

#endif

// The smallest test kit that does the job: TEST(name) { CHECK(...); CHECK_EQ(a, b); } in any number, and one
// `PARAPET_TEST_MAIN` at the end of the file. Each test prints `ok - name` or `not ok - name` (with the checks that
// failed above it); scripts/runners/native.mjs counts these lines. A failed check ends its test, not the program.
#pragma once

#include <cstddef>
#include <cstdio>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace parapet::test {

struct Case {
  const char* name;
  void (*body)(bool& failed);
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)(bool&)) { cases().push_back({name, body}); }
};

template <typename T>
concept Printable = requires(std::ostringstream& out, const T& value) { out << value; };

// Bytes print as numbers, text between quotes, and what cannot be printed as its size.
template <typename T>
std::string show(const T& value) {
  std::ostringstream out;
  if constexpr (std::is_same_v<T, bool>) {
    out << (value ? "true" : "false");
  } else if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else if constexpr (std::is_integral_v<T>) {
    out << +value;
  } else if constexpr (std::is_convertible_v<const T&, std::string>) {
    out << '"' << std::string(value) << '"';
  } else if constexpr (Printable<T>) {
    out << value;
  } else {
    out << "(" << sizeof(T) << " bytes)";
  }
  return out.str();
}

// Equality that does not fall into the trap of comparing signed with unsigned.
template <typename A, typename B>
bool is_equal(const A& a, const B& b) {
  if constexpr (std::is_integral_v<A> && std::is_integral_v<B> && !std::is_same_v<A, bool> && !std::is_same_v<B, bool>) {
    using Wide = __int128;
    return static_cast<Wide>(a) == static_cast<Wide>(b);
  } else {
    return a == b;
  }
}

inline int run_all() {
  int failures = 0;
  for (const Case& test : cases()) {
    bool failed = false;
    test.body(failed);
    std::printf("%s - %s\n", failed ? "not ok" : "ok", test.name);
    std::fflush(stdout);
    failures += failed ? 1 : 0;
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace parapet::test

#define TEST(name)                                                                              \
  static void test_##name([[maybe_unused]] bool& check_failed);                                 \
  static const ::parapet::test::Registration registration_##name{#name, test_##name};           \
  static void test_##name([[maybe_unused]] bool& check_failed)

#define CHECK(condition)                                                                        \
  do {                                                                                          \
    if (!(condition)) {                                                                         \
      std::printf("# %s:%d: CHECK(%s)\n", __FILE__, __LINE__, #condition);                      \
      check_failed = true;                                                                      \
      return;                                                                                   \
    }                                                                                           \
  } while (false)

#define CHECK_EQ(actual, expected)                                                              \
  do {                                                                                          \
    const auto& check_a = (actual);                                                             \
    const auto& check_b = (expected);                                                           \
    if (!::parapet::test::is_equal(check_a, check_b)) {                                         \
      std::printf("# %s:%d: CHECK_EQ(%s, %s): %s, expected %s\n", __FILE__, __LINE__, #actual,  \
                  #expected, ::parapet::test::show(check_a).c_str(),                            \
                  ::parapet::test::show(check_b).c_str());                                      \
      check_failed = true;                                                                      \
      return;                                                                                   \
    }                                                                                           \
  } while (false)

#define PARAPET_TEST_MAIN \
  int main() { return ::parapet::test::run_all(); }

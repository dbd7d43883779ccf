// A planted fault that the fuzzer must find: it reads one byte past the end for an input that begins with "ROOF".
// When the run of this target ends without a finding, the fuzz runner itself is broken.
#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const std::vector<std::uint8_t> copy(data, data + size);
  // One branch a letter: the coverage tells the fuzzer that it comes closer.
  if (copy.data()[0] != 'R') return 0;
  if (copy.data()[1] != 'O') return 0;
  if (copy.data()[2] != 'O') return 0;
  if (copy.data()[3] != 'F') return 0;
  const volatile std::uint8_t beyond = copy.data()[size];
  (void)beyond;
  return 0;
}

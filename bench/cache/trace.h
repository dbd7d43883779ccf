// Traces of requests with what makes the life of a cache hard: popularity by rank (Zipf), sizes of several kinds, scans, and
// popularity that moves on. The same seed gives the same trace on every machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace parapet::bench {

// SplitMix64.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() { return mixed(state_ += 0x9e3779b97f4a7c15u); }
  // 0 to 1, without 1.
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  static std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

 private:
  std::uint64_t state_;
};

// Ranks 0 to n - 1 with weight 1 / (rank + 1) ^ alpha, by inversion of the cumulated weights.
class Zipf {
 public:
  Zipf(std::size_t n, double alpha) : cumulated_(n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) cumulated_[i] = sum += std::pow(static_cast<double>(i + 1), -alpha);
  }
  std::size_t operator()(Random& random) const {
    const double x = random.unit() * cumulated_.back();
    return static_cast<std::size_t>(std::lower_bound(cumulated_.begin(), cumulated_.end(), x) - cumulated_.begin());
  }

 private:
  std::vector<double> cumulated_;
};

struct Shape {
  const char* name;
  double alpha;
  std::size_t objects;           // that are popular
  std::uint64_t budget_bytes;    // of the cache
  double media_share = 0;        // of the objects: 256 KiB to 8 MiB; all others are web objects
  std::size_t wonders_in_ten = 0;  // of ten requests, how many are for a key that never comes again
  std::size_t crawl_every = 0;   // so many requests apart, each of a tenth of the objects is asked for once, in order
  std::size_t drift_every = 0;   // so many requests apart, a hundredth of the objects gives its rank to new ones
};

// By number of the object alone: web objects are 100 B to 1 MiB around 6 KiB (log-normal), media 256 KiB to 8 MiB.
inline std::uint32_t size_of(std::uint64_t object, double media_share) {
  Random random(object * 2 + 1);
  if (random.unit() < media_share) return static_cast<std::uint32_t>(std::exp2(18 + 5 * random.unit()));
  const double normal = std::sqrt(-2 * std::log(1 - random.unit())) * std::cos(6.283185307179586 * random.unit());
  return static_cast<std::uint32_t>(std::clamp(6'000 * std::exp(1.4 * normal), 100.0, 1'048'576.0));
}

inline std::vector<std::uint64_t> trace_of(const Shape& shape, std::size_t requests) {
  Random random(42);
  const Zipf zipf(shape.objects, shape.alpha);
  // Popularity and place in a crawl have nothing to do with each other.
  std::vector<std::uint64_t> object_of_rank(shape.objects);
  for (std::size_t i = 0; i < shape.objects; ++i) object_of_rank[i] = i;
  for (std::size_t i = shape.objects; i > 1; --i) std::swap(object_of_rank[i - 1], object_of_rank[random.next() % i]);
  std::uint64_t fresh = shape.objects;
  std::uint64_t crawled = 0;
  std::vector<std::uint64_t> trace;
  trace.reserve(requests);
  while (trace.size() < requests) {
    const std::size_t at = trace.size();
    if (shape.drift_every != 0 && at % shape.drift_every == 0) {
      for (std::size_t i = 0; i < shape.objects / 100; ++i) object_of_rank[random.next() % shape.objects] = fresh++;
    }
    if (shape.crawl_every != 0 && at % shape.crawl_every == shape.crawl_every - 1) {
      for (std::size_t i = 0; i < shape.objects / 10 && trace.size() < requests; ++i) trace.push_back(crawled++ % shape.objects);
    }
    trace.push_back(random.next() % 10 < shape.wonders_in_ten ? fresh++ : object_of_rank[zipf(random)]);
  }
  trace.resize(requests);
  return trace;
}

}  // namespace parapet::bench

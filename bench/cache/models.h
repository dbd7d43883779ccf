// What the store is compared with: caches that keep numbers in place of bodies. All have the same budget of bytes.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "trace.h"

namespace parapet::bench {

using Key = std::uint64_t;
using Charge = std::uint64_t;

// Keys from old to young, with their charges.
class Order {
 public:
  bool has(Key key) const { return places_.contains(key); }
  Charge charge() const { return charge_; }
  std::size_t count() const { return places_.size(); }
  Key oldest() const { return order_.front().key; }
  Charge oldest_charge() const { return order_.front().charge; }
  void push(Key key, Charge charge) {
    order_.push_back({key, charge});
    places_[key] = std::prev(order_.end());
    charge_ += charge;
  }
  void renew(Key key) { order_.splice(order_.end(), order_, places_.at(key)); }
  Charge remove(Key key) {
    const auto found = places_.find(key);
    const Charge charge = found->second->charge;
    order_.erase(found->second);
    places_.erase(found);
    charge_ -= charge;
    return charge;
  }

 private:
  struct Item {
    Key key;
    Charge charge;
  };
  std::list<Item> order_;
  std::unordered_map<Key, std::list<Item>::iterator> places_;
  Charge charge_ = 0;
};

class Lru {
 public:
  explicit Lru(Charge budget) : budget_(budget) {}
  bool hit(Key key, Charge charge) {
    if (order_.has(key)) {
      order_.renew(key);
      return true;
    }
    if (charge > budget_) return false;
    while (order_.charge() + charge > budget_) order_.remove(order_.oldest());
    order_.push(key, charge);
    return false;
  }

 private:
  Charge budget_;
  Order order_;
};

// As published (Yang et al., SOSP 2023): a tenth for newcomers, ghosts as many as the main queue has objects.
class S3Fifo {
 public:
  explicit S3Fifo(Charge budget) : budget_(budget) {}
  bool hit(Key key, Charge charge) {
    if (const auto found = frequency_.find(key); found != frequency_.end()) {
      if (found->second < 3) ++found->second;
      return true;
    }
    if (charge > budget_) return false;
    while (small_.charge() + main_.charge() + charge > budget_) evict();
    if (ghosts_.has(key)) {
      ghosts_.remove(key);
      main_.push(key, charge);
    } else {
      small_.push(key, charge);
    }
    frequency_[key] = 0;
    return false;
  }

 private:
  void evict() {
    if (small_.count() != 0 && (small_.charge() * 10 >= budget_ || main_.count() == 0)) evict_small();
    else evict_main();
  }
  void evict_small() {
    const Key key = small_.oldest();
    const Charge charge = small_.remove(key);
    if (frequency_[key] > 1) {
      main_.push(key, charge);
      frequency_[key] = 0;
      return;
    }
    frequency_.erase(key);
    ghosts_.push(key, 0);
    while (ghosts_.count() > main_.count() + 1) ghosts_.remove(ghosts_.oldest());
  }
  void evict_main() {
    const Key key = main_.oldest();
    if (frequency_[key] > 0) {
      --frequency_[key];
      main_.renew(key);
      return;
    }
    main_.remove(key);
    frequency_.erase(key);
  }

  Charge budget_;
  Order small_;
  Order main_;
  Order ghosts_;
  std::unordered_map<Key, unsigned> frequency_;
};

// W-TinyLFU (Einziger et al., 2017): 1 % window, a segmented main part, and a sketch of frequencies that decides who may enter.
// A newcomer has to be more frequent than each of those that would have to go for it.
class TinyLfu {
 public:
  TinyLfu(Charge budget, std::size_t objects) : window_max_(budget / 100), main_max_(budget - budget / 100), period_(objects * 10) {
    std::size_t width = 1;
    while (width < objects) width *= 2;
    for (auto& row : rows_) row.resize(width);
  }
  bool hit(Key key, Charge charge) {
    count(key);
    if (window_.has(key)) return window_.renew(key), true;
    if (safe_.has(key)) return safe_.renew(key), true;
    if (trial_.has(key)) {
      const Charge its = trial_.remove(key);
      safe_.push(key, its);
      while (safe_.charge() * 5 > main_max_ * 4) {
        const Key old = safe_.oldest();
        const Charge old_charge = safe_.remove(old);
        trial_.push(old, old_charge);
      }
      return true;
    }
    if (charge > main_max_) return false;
    window_.push(key, charge);
    while (window_.charge() > window_max_) {
      const Key old = window_.oldest();
      const Charge old_charge = window_.remove(old);
      admit(old, old_charge);
    }
    return false;
  }

 private:
  void admit(Key key, Charge charge) {
    while (trial_.charge() + safe_.charge() + charge > main_max_) {
      Order& from = trial_.count() != 0 ? trial_ : safe_;
      if (frequency(from.oldest()) >= frequency(key)) return;
      from.remove(from.oldest());
    }
    trial_.push(key, charge);
  }
  std::uint8_t& cell(Key key, std::size_t row) { return rows_[row][Random::mixed(key * 4 + row) & (rows_[row].size() - 1)]; }
  unsigned frequency(Key key) {
    unsigned least = 255;
    for (std::size_t row = 0; row < rows_.size(); ++row) least = std::min<unsigned>(least, cell(key, row));
    return least;
  }
  void count(Key key) {
    for (std::size_t row = 0; row < rows_.size(); ++row) {
      if (cell(key, row) < 15) ++cell(key, row);
    }
    if (++counted_ < period_) return;
    counted_ = 0;
    for (auto& row : rows_) {
      for (std::uint8_t& value : row) value = static_cast<std::uint8_t>(value / 2);
    }
  }

  Charge window_max_;
  Charge main_max_;
  std::size_t period_;
  std::size_t counted_ = 0;
  Order window_;
  Order trial_;
  Order safe_;
  std::array<std::vector<std::uint8_t>, 4> rows_;
};

}  // namespace parapet::bench

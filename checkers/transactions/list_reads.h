// What single transactions over lists did wrong, seen from what they read: internal, future-read, G1b, duplicate-elements,
// lost-update. One pass over the ok transactions; what is known of each key is kept per key and stamped with the transaction, so that
// a transaction of 100,000 micro-operations costs no more than as many small ones.
#pragma once

#include "checkers/finding_list.h"
#include "checkers/transactions/list_versions.h"

namespace faultline::transactions {

void check_list_reads(const TransactionHistory& history, const WriteIndex& writes, const ListVersions& versions,
                      checkers::FindingList& found);

}  // namespace faultline::transactions

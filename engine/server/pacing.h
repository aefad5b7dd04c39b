// Spreads the flusher's sync of the view, so that the journal's small syncs do not queue behind
// it. An executable that links pacing.c defines fdatasync itself: on the paced descriptor it
// first hands the dirty pages to the disk in small pieces, waiting for each, and then makes the
// real call. What is durable when rests on the real call alone. The simulator and librung leave
// it out.
#ifndef RUNG_ENGINE_SERVER_PACING_H
#define RUNG_ENGINE_SERVER_PACING_H

// Paces this descriptor from now on (store_view_fd), also in the middle of a sync; -1: none. Any
// thread. Switch it off while the active table is over half full: then the flush must end soon.
void pacing_set(int fd);
// The calling thread runs from now on only when nobody else has anything to do, and gives way at
// once: with a nice value alone it would end its slice first.
void pacing_step_back(void);
// One more, that of the search index: nobody ever waits for it.
void pacing_also(int fd);

#endif

//! The hash chain that every act is written to.

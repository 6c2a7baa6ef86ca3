"""Our optimizer beside `sharp`, the library that the original system uses: same pictures, same job, one run."""

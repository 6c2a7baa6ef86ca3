//! JPEG in every layout, compared with the picture that was encoded.

use media::Rejection;

use crate::jpeg_cases::{difference, encoded, is_legal, scripts};
use crate::jpeg_encoder::Layout;

const SIZES: [(usize, usize); 6] = [(1, 1), (8, 8), (17, 33), (65, 40), (49, 66), (131, 35)];
const FACTORS: [[(usize, usize); 3]; 14] = [
    [(1, 1), (1, 1), (1, 1)],
    [(2, 1), (1, 1), (1, 1)],
    [(1, 2), (1, 1), (1, 1)],
    [(2, 2), (1, 1), (1, 1)],
    [(4, 1), (1, 1), (1, 1)],
    [(4, 2), (1, 1), (1, 1)],
    [(1, 1), (2, 2), (2, 2)],
    [(1, 1), (2, 1), (1, 2)],
    [(2, 2), (2, 1), (1, 2)],
    [(2, 2), (2, 2), (1, 1)],
    [(2, 2), (2, 2), (2, 2)],
    [(2, 1), (2, 1), (2, 1)],
    [(4, 1), (2, 1), (1, 1)],
    [(3, 1), (2, 1), (1, 1)],
];

fn layouts(factors: &[(usize, usize)], adobe: Option<u8>, seed: usize) -> Vec<Layout> {
    let of_size = |size: (usize, usize)| {
        let interval = [0, 1, 3][(seed + size.0) % 3];
        let factors = factors.to_vec();
        scripts(factors.len()).into_iter().map(move |(is_progressive, scans)| Layout {
            size,
            factors: factors.clone(),
            scans,
            is_progressive,
            interval,
            adobe,
        })
    };
    SIZES.into_iter().flat_map(of_size).filter(is_legal).collect()
}

/// Returns how many were refused as not supported.
#[track_caller]
fn assert_read(layouts: &[Layout]) -> usize {
    let mut refused = 0;
    for layout in layouts {
        match difference(layout, &encoded(layout)) {
            Ok((mean, most)) if mean < 4.0 && most < 20.0 => {}
            Err(Rejection::Unsupported) => refused += 1,
            found => panic!("{found:?}: {layout:?}"),
        }
    }
    refused
}

#[test]
fn a_jpeg_of_any_layout_is_the_picture_or_refused() {
    for (number, factors) in FACTORS.iter().enumerate() {
        let layouts = layouts(factors, None, number);
        let refused = assert_read(&layouts);
        // Chroma between that of every pixel and the least, in scans of its own; factors that do not divide others.
        let is_rare = matches!(factors, [(4, 1), (2, 1), (1, 1)] | [(3, 1), (2, 1), (1, 1)]);
        assert!(refused == 0 || is_rare, "{refused} of {} refused: {factors:?}", layouts.len());
    }
}

#[test]
fn grey_rgb_and_inks_are_read_in_any_division_into_scans() {
    let one = (1, 1);
    assert_eq!(assert_read(&layouts(&[one], None, 0)), 0);
    for factors in [(2, 2), (1, 2), (3, 1), (4, 4)] {
        assert_eq!(assert_read(&layouts(&[factors], None, 1)), 0);
    }
    for factors in [[one; 3], [(2, 2), one, one]] {
        assert_eq!(assert_read(&layouts(&factors, Some(0), 2)), 0);
        assert_eq!(assert_read(&layouts(&factors, Some(1), 3)), 0);
    }
    for factors in [[one; 4], [(2, 2), one, one, (2, 2)], [(2, 1), one, one, (2, 1)]] {
        assert_eq!(assert_read(&layouts(&factors, Some(0), 4)), 0);
        assert_eq!(assert_read(&layouts(&factors, Some(2), 5)), 0);
    }
}

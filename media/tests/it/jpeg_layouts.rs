//! JPEG in every layout, compared with the picture that was encoded.

use media::{Kind, Rejection};

use crate::jpeg_cases::{difference, difference_of, encoded, is_legal, scripts};
use crate::jpeg_encoder::Layout;
use crate::support::{decoded, picture};

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

/// Of these, blocks become 7, 4, 3, 2 and 1 samples across and down.
const LARGE: [(usize, usize); 5] = [(2200, 40), (3847, 35), (27, 3900), (7700, 33), (41, 9001)];
/// What cameras and programs write.
const USUAL: [[(usize, usize); 3]; 4] =
    [[(1, 1); 3], [(2, 1), (1, 1), (1, 1)], [(1, 2), (1, 1), (1, 1)], [(2, 2), (1, 1), (1, 1)]];

fn layouts(factors: &[(usize, usize)], adobe: Option<u8>, seed: usize) -> Vec<Layout> {
    layouts_of(&SIZES, factors, adobe, seed)
}

fn layouts_of(sizes: &[(usize, usize)], factors: &[(usize, usize)], adobe: Option<u8>, seed: usize) -> Vec<Layout> {
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
    sizes.iter().copied().flat_map(of_size).filter(is_legal).collect()
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

#[test]
fn large_pictures_are_read_in_any_layout_too() {
    for (number, size) in LARGE.iter().enumerate() {
        let factors = USUAL[number % USUAL.len()];
        assert_eq!(assert_read(&layouts_of(&[*size], &factors, None, number)), 0);
    }
    assert_eq!(assert_read(&layouts_of(&LARGE, &[(1, 1)], None, 0)), 0);
}

#[test]
fn what_is_stored_of_a_jpeg_is_its_picture_in_the_same_place() {
    for (number, factors) in USUAL.iter().enumerate() {
        for layout in layouts_of(&[(49, 66), (130, 35), (3847, 35)], factors, None, number) {
            let stored = decoded(&picture(Kind::Jpeg, &encoded(&layout))).into_rgba8();
            let (mean, most) = difference_of(&layout, &stored);
            assert!(mean < 6.0 && most < 48.0, "{mean} {most}: {layout:?}");
        }
    }
    for layout in layouts_of(&[(131, 35), (3847, 35)], &[(1, 1)], None, 0) {
        let stored = decoded(&picture(Kind::Jpeg, &encoded(&layout))).into_rgba8();
        let (mean, most) = difference_of(&layout, &stored);
        assert!(mean < 6.0 && most < 48.0, "{mean} {most}: {layout:?}");
    }
}
